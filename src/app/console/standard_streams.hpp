#pragma once
#include <optional>
#include <string>

namespace stemma {

/// Opens /dev/null on those of descriptors 0, 1 and 2 that are closed: else the next files and sockets of the process
/// would get these numbers, and be read, written or closed as standard input, output and error. Called first of all.
void open_standard_descriptors();

/// Writes out what standard output still holds. Says why it could not take all that was printed to it; nothing where
/// it did, or where its reader has gone (`| head`), who wants no more.
std::optional<std::string> finish_standard_output();

}  // namespace stemma
