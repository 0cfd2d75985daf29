#pragma once
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "record/hdf5/snapshot_folder.hpp"
#include "record/segments/segment_keeper.hpp"
#include "record/segments/segment_writer.hpp"
#include "worker/snapshot_files.hpp"

namespace stemma {

/// Durable snapshots in a folder beside the run file: small ones in segments, a large one as an HDF5 file. One object
/// for each rank. erase(), keep_only() and finish() are for rank 0.
class DurableSnapshots : public SnapshotFiles {
public:
    /// `run_id`: 16 hex digits.
    DurableSnapshots(const std::filesystem::path& run_file, std::string run_id);
    void write(const DurableCopy& copy) override;
    void write_small(std::span<const DurableCopy> copies) override;
    Snapshot read(SnapshotId id) override;
    void erase(SnapshotId id) override;

    /// Before a search goes on. See SegmentKeeper::keep_only().
    void keep_only(std::span<const SnapshotId> kept, SnapshotId next) { keeper_.keep_only(kept, next); }
    /// The search has ended, and no rank writes any more.
    void finish() { keeper_.finish(); }

private:
    std::filesystem::path run_file_;
    std::string run_id_;
    std::mutex writing_;
    record::SegmentWriter writer_;
    std::mutex reading_;
    record::SnapshotFolder reader_;
    record::SegmentKeeper keeper_;
};

}  // namespace stemma
