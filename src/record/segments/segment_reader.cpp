#include "record/segments/segment_reader.hpp"

#include <algorithm>
#include <system_error>

#include "core/error.hpp"
#include "record/segments/segment.hpp"

namespace stemma::record {

std::vector<std::filesystem::path> segments_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> segments;
    std::error_code ignored;  // no folder: no segments
    for (std::filesystem::directory_iterator file(folder, ignored), end; file != end; file.increment(ignored)) {
        if (file->path().extension() == segment_extension) segments.push_back(file->path());
    }
    std::ranges::sort(segments);
    return segments;
}

SegmentReader::SegmentReader(std::filesystem::path folder) : folder_(std::move(folder)) {}

std::optional<Bytes> SegmentReader::read(SnapshotId snapshot) {
    try {
        if (auto content = look(snapshot)) return content;
    } catch (const UserError&) {
        // Rank 0 may have moved the snapshot to another segment.
    }
    refresh();
    return look(snapshot);
}

std::vector<SnapshotId> SegmentReader::snapshots() const {
    std::vector<SnapshotId> all;
    for (const auto& segment : segments_in(folder_)) {
        scan_segment(segment, 0, [&](const SegmentRecord& record) { all.push_back(record.snapshot); });
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::optional<Bytes> SegmentReader::look(SnapshotId snapshot) {
    for (const auto& [segment, range] : ranges_) {
        if (range.scanned == 0 || snapshot < range.first || range.last < snapshot) continue;
        std::optional<SegmentRecord> found;
        scan_segment(segment, 0, [&](const SegmentRecord& record) {
            if (record.snapshot == snapshot) found = record;
        });
        if (found) return read_record(segment, *found);
    }
    return std::nullopt;
}

void SegmentReader::refresh() {
    std::map<std::filesystem::path, Range> now;
    for (const auto& segment : segments_in(folder_)) {
        const auto known = ranges_.find(segment);
        auto range = known == ranges_.end() ? Range{} : known->second;
        bool empty = range.scanned == 0;
        if (range.scanned < segment_bytes) {
            range.scanned = scan_segment(segment, range.scanned, [&](const SegmentRecord& record) {
                range.first = empty ? record.snapshot : std::min(range.first, record.snapshot);
                range.last = empty ? record.snapshot : std::max(range.last, record.snapshot);
                empty = false;
            });
            if (empty) range.scanned = 0;
        }
        now.emplace(segment, range);
    }
    ranges_ = std::move(now);
}

}  // namespace stemma::record
