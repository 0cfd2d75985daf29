#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "core/ids.hpp"
#include "record/segments/segment_reader.hpp"
#include "trainer/snapshot.hpp"

namespace stemma::record {

/// Reads the durable snapshots of a run: large ones are HDF5 files, small ones are in segments. For one thread.
class SnapshotFolder {
public:
    explicit SnapshotFolder(std::filesystem::path run_file);
    /// Nothing if it is not there. Throws UserError naming the file if it is damaged.
    std::optional<Snapshot> find(SnapshotId id);
    /// Throws UserError also if it is not there.
    Snapshot read(SnapshotId id);
    /// Those of `ids` that are not there. Reads the heads of all small snapshots.
    std::vector<SnapshotId> missing(std::span<const SnapshotId> ids) const;

private:
    std::filesystem::path run_file_;
    SegmentReader segments_;
};

}  // namespace stemma::record
