#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "core/bytes.hpp"
#include "core/ids.hpp"

namespace stemma::record {

/// Segments of the folder, in the order of their names. Empty if there is no folder.
std::vector<std::filesystem::path> segments_in(const std::filesystem::path& folder);

/// Finds snapshots in all writers' segments of a run. Keeps the range of numbers of each segment, and reads the heads
/// of a segment's records again for each search. For one thread.
class SegmentReader {
public:
    explicit SegmentReader(std::filesystem::path folder);
    /// The content; nothing if no segment has that snapshot. Throws UserError naming the segment if it is damaged.
    std::optional<Bytes> read(SnapshotId snapshot);
    /// All snapshots, ascending. Reads all heads of records.
    std::vector<SnapshotId> snapshots() const;

private:
    struct Range {
        std::uint64_t scanned = 0;  ///< bytes
        SnapshotId first;
        SnapshotId last;  ///< both hold nothing while scanned = 0
    };
    std::optional<Bytes> look(SnapshotId snapshot);
    void refresh();

    std::filesystem::path folder_;
    std::map<std::filesystem::path, Range> ranges_;
};

}  // namespace stemma::record
