#pragma once
// A run for spreadsheets and scripts.

#include <filesystem>
#include <iosfwd>

#include "record/run_reader.hpp"

namespace stemma::record {

/// One file for each of members, reports, epochs, leases, lease_ends, workers, snapshots, events, failures and
/// incarnations in `folder` (made if needed), and header.csv. Numbers that stand for names are written as names, texts
/// in place, configurations as in the job file. Absent values (NaN, no id, inactive) are empty fields. `members` has no
/// times, so that two runs with the same decisions export the same members. Throws UserError.
void export_csv(RunReader& reader, const std::filesystem::path& folder);

/// The same as one JSON object: {"header": {...}, "members": [{...}, ...], ...}. Absent values are null.
void export_json(RunReader& reader, std::ostream& out);

}  // namespace stemma::record
