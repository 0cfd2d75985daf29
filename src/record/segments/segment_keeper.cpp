#include "record/segments/segment_keeper.hpp"

#include <algorithm>
#include <system_error>

#include "core/error.hpp"
#include "record/segments/segment.hpp"
#include "record/segments/segment_reader.hpp"

namespace stemma::record {

namespace {

constexpr std::size_t erased_at_once = 1024;

}  // namespace

SegmentKeeper::SegmentKeeper(std::filesystem::path folder) : folder_(std::move(folder)), writer_(folder_) {}

void SegmentKeeper::keep_only(std::span<const SnapshotId> kept, SnapshotId next) {
    refresh();
    for (auto& [path, segment] : segments_) {
        for (auto& item : segment.items) {
            if (!item.counts || std::ranges::binary_search(kept, item.snapshot)) continue;
            segment.strike(item);
            if (item.snapshot >= next) segment.to_move = true;
        }
    }
    give_back(Writers::ended);
}

void SegmentKeeper::erase(SnapshotId snapshot) {
    erased_.push_back(snapshot);
    if (++erased_since_ < erased_at_once) return;
    refresh();
    strike_erased();
    give_back(Writers::at_work);
}

void SegmentKeeper::finish() {
    refresh();
    strike_erased();
    writer_ = SegmentWriter(folder_);
    give_back(Writers::ended);
}

void SegmentKeeper::Segment::strike(Item& item) {
    if (item.counts) counting -= item.bytes;
    item.counts = false;
}

void SegmentKeeper::refresh() {
    for (const auto& path : segments_in(folder_)) {
        auto& segment = segments_[path];
        if (segment.scanned >= segment_bytes) continue;
        segment.scanned = scan_segment(path, segment.scanned, [&](const SegmentRecord& record) {
            segment.items.push_back({record.snapshot, record_head_bytes + record.bytes, true});
            segment.counting += segment.items.back().bytes;
        });
        std::ranges::sort(segment.items, {}, &Item::snapshot);
    }
}

/// Most segments have a range of numbers of their own, so each looks at few of the erased ones.
void SegmentKeeper::strike_erased() {
    erased_since_ = 0;
    std::ranges::sort(erased_);
    std::vector<bool> found(erased_.size(), false);
    for (auto& [path, segment] : segments_) {
        if (segment.items.empty()) continue;
        const auto last = std::ranges::upper_bound(erased_, segment.items.back().snapshot);
        for (auto erased = std::ranges::lower_bound(erased_, segment.items.front().snapshot); erased != last;
             ++erased) {
            for (auto item = std::ranges::lower_bound(segment.items, *erased, {}, &Item::snapshot);
                 item != segment.items.end() && item->snapshot == *erased; ++item) {
                segment.strike(*item);
                found[static_cast<std::size_t>(erased - erased_.begin())] = true;
            }
        }
    }
    std::size_t at = 0;
    std::erase_if(erased_, [&](SnapshotId) { return found[at++]; });
}

void SegmentKeeper::give_back(Writers writers) {
    std::erase_if(segments_, [&](const auto& entry) {
        const auto& [path, segment] = entry;
        const bool ended = writers == Writers::ended || segment.scanned >= segment_bytes;
        std::error_code ignored;  // another time
        // A writer that was killed before its first record leaves an empty file.
        if (!ended || (segment.scanned == 0 && std::filesystem::file_size(path, ignored) > 0)) return false;
        const bool sparse = segment.to_move || 4 * segment.counting < segment.scanned;
        if (segment.counting > 0 && (!sparse || !move(path, segment))) return false;
        std::filesystem::remove(path, ignored);
        return true;
    });
}

/// False if that fails: the segment stays as it is.
bool SegmentKeeper::move(const std::filesystem::path& path, const Segment& segment) {
    std::vector<Bytes> contents;
    std::vector<SegmentWriter::Entry> entries;
    try {
        scan_segment(path, 0, [&](const SegmentRecord& record) {
            const auto item = std::ranges::lower_bound(segment.items, record.snapshot, {}, &Item::snapshot);
            if (item == segment.items.end() || item->snapshot != record.snapshot || !item->counts) return;
            contents.push_back(read_record(path, record));
            entries.push_back({record.snapshot, record.member, record.resource, contents.back()});
        });
        writer_.append(entries);
        return true;
    } catch (const UserError&) {
        return false;
    }
}

}  // namespace stemma::record
