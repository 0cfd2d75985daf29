#pragma once
// The header of a run file: attributes of the root group, and datasets. Inside record/hdf5 only; callers hold
// h5::Guard.

#include <string>

#include "record/hdf5/h5.hpp"
#include "record/journal.hpp"

namespace stemma::record {

void write_header(hid_t file, const RunHeader& header, std::uint32_t file_incarnation);

/// The file's format version. Throws UserError unless it is a run file that this program reads without a wrong result.
std::uint32_t check_format(hid_t file, const std::string& path);
/// `version`: of the file's format. Pieces that older formats lack keep their defaults, which mean that they are
/// missing. Throws h5::Error where a piece is missing, or the checksum is wrong.
RunHeader read_header(hid_t file, std::uint32_t version);
std::uint32_t read_file_incarnation(hid_t file);

}  // namespace stemma::record
