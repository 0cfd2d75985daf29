#pragma once
#include <filesystem>

#include "record/hdf5/snapshot_file.hpp"
#include "worker/snapshot_files.hpp"

namespace stemma {

/// Durable snapshots as HDF5 files in a folder beside the run file, one file each.
class DurableSnapshots : public SnapshotFiles {
public:
    DurableSnapshots(std::filesystem::path run_file, std::string run_id);
    void write(SnapshotId id, MemberId member, Resource resource, const Snapshot& snapshot) override;
    Snapshot read(SnapshotId id) override;
    void erase(SnapshotId id) override;

private:
    std::filesystem::path run_file_;
    std::string run_id_;
};

}  // namespace stemma
