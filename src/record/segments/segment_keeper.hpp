#pragma once
// Gives the room of erased snapshots back. A segment without any snapshot that counts is removed. Of one with less than
// a quarter of its bytes the snapshots move to another segment. So segments take at most four times the bytes of their
// snapshots, and 4 MiB for each writer.

#include <filesystem>
#include <map>
#include <span>
#include <vector>

#include "core/ids.hpp"
#include "record/segments/segment_writer.hpp"

namespace stemma::record {

/// Knows all writers' segments of a run. For one thread of rank 0. Memory: 24 bytes a record.
class SegmentKeeper {
public:
    explicit SegmentKeeper(std::filesystem::path folder);
    /// Before a search goes on: only the snapshots in `kept` (ascending) count. Those from `next` on were written after
    /// the last commit and are removed, because their numbers are given again. Reads the heads of all records.
    void keep_only(std::span<const SnapshotId> kept, SnapshotId next);
    /// The snapshot need not be there. Its room is given back later, because each look at the folder costs some time.
    void erase(SnapshotId snapshot);
    /// All writers have ended.
    void finish();

private:
    struct Item {
        SnapshotId snapshot;
        std::uint64_t bytes = 0;  ///< with its head
        bool counts = true;
    };
    struct Segment {
        std::uint64_t scanned = 0;   ///< bytes
        std::uint64_t counting = 0;  ///< bytes of the items that count
        std::vector<Item> items;     ///< by snapshot
        bool to_move = false;
        void strike(Item& item);
    };
    enum class Writers { at_work, ended };

    void refresh();
    void strike_erased();
    void give_back(Writers writers);
    bool move(const std::filesystem::path& path, const Segment& segment);

    std::filesystem::path folder_;
    SegmentWriter writer_;  ///< of what moves
    std::map<std::filesystem::path, Segment> segments_;
    std::vector<SnapshotId> erased_;  ///< not yet found in a segment
    std::size_t erased_since_ = 0;    ///< the last look at the folder
};

}  // namespace stemma::record
