#pragma once
// One snapshot as one HDF5 file. Each array is a dataset under its own name ('/' makes groups), so that
// h5py.File(f)["model/conv1.weight"][:] is the tensor. Threads may call these at the same time, for different files.

#include <filesystem>
#include <string>

#include "core/ids.hpp"
#include "trainer/snapshot.hpp"

namespace stemma::record {

struct SnapshotAttributes {
    std::string run_id;
    MemberId member;
    Resource resource = 0;  ///< resource that the member has been trained to
};

/// Written under a temporary name, forced to the disk, renamed: complete or not there. bfloat16 is stored as uint16
/// with the attribute dtype = "bfloat16". Throws UserError naming the file (disk full, no such folder).
void write_snapshot_file(const std::string& path, const Snapshot& snapshot, const SnapshotAttributes& attributes);

/// The same arrays in the same order, each checked against its CRC-32. Throws UserError naming the file if it does not
/// exist, is damaged, or is no snapshot.
Snapshot read_snapshot_file(const std::string& path);
SnapshotAttributes read_snapshot_attributes(const std::string& path);

/// Folder of the durable snapshots of a run file.
std::filesystem::path snapshot_folder(const std::filesystem::path& run_file);
std::filesystem::path snapshot_path(const std::filesystem::path& run_file, SnapshotId id);

}  // namespace stemma::record
