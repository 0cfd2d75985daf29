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
    for (auto& segment : segments_) {
        for (auto& item : segment.items) {
            if (!item.counts || std::ranges::binary_search(kept, item.snapshot)) continue;
            item.counts = false;
            segment.counting -= item.bytes;
            if (item.snapshot >= next) segment.to_move = true;
        }
    }
    give_back(Writers::ended);
}

void SegmentKeeper::erase(SnapshotId snapshot) {
    erased_.push_back(snapshot);
    if (++erased_since_ < erased_at_once) return;
    refresh();
    forget_erased();
    give_back(Writers::at_work);
}

void SegmentKeeper::finish() {
    refresh();
    forget_erased();
    writer_ = SegmentWriter(folder_);
    give_back(Writers::ended);
}

void SegmentKeeper::refresh() {
    for (auto& path : segments_in(folder_)) {
        const auto known = std::ranges::find(segments_, path, &Segment::path);
        auto& segment = known == segments_.end() ? segments_.emplace_back(Segment{.path = std::move(path)}) : *known;
        if (segment.scanned >= segment_bytes) continue;
        segment.scanned = scan_segment(segment.path, segment.scanned, [&](const SegmentRecord& record) {
            segment.items.push_back({record.snapshot, record_head_bytes + record.bytes, true});
            segment.counting += segment.items.back().bytes;
        });
        std::ranges::sort(segment.items, {}, &Item::snapshot);
    }
}

void SegmentKeeper::forget_erased() {
    erased_since_ = 0;
    std::erase_if(erased_, [this](SnapshotId snapshot) {
        bool found = false;
        for (auto& segment : segments_) {
            for (auto item = std::ranges::lower_bound(segment.items, snapshot, {}, &Item::snapshot);
                 item != segment.items.end() && item->snapshot == snapshot; ++item) {
                found = true;
                if (!item->counts) continue;
                item->counts = false;
                segment.counting -= item->bytes;
            }
        }
        return found;
    });
}

void SegmentKeeper::give_back(Writers writers) {
    std::erase_if(segments_, [&](const Segment& segment) {
        const bool ended = writers == Writers::ended || segment.scanned >= segment_bytes;
        std::error_code ignored;  // another time
        // A writer that was killed before its first record leaves an empty file.
        if (segment.scanned == 0 && std::filesystem::file_size(segment.path, ignored) > 0) return false;
        if (!ended) return false;
        const bool sparse = segment.to_move || 4 * segment.counting < segment.scanned;
        if (segment.counting > 0 && (!sparse || !move(segment))) return false;
        std::filesystem::remove(segment.path, ignored);
        return true;
    });
}

/// False if that fails: the segment stays as it is.
bool SegmentKeeper::move(const Segment& segment) {
    std::vector<Bytes> contents;
    std::vector<SegmentWriter::Entry> entries;
    try {
        scan_segment(segment.path, 0, [&](const SegmentRecord& record) {
            const auto item = std::ranges::lower_bound(segment.items, record.snapshot, {}, &Item::snapshot);
            if (item == segment.items.end() || item->snapshot != record.snapshot || !item->counts) return;
            contents.push_back(read_record(segment.path, record));
            entries.push_back({record.snapshot, record.member, record.resource, contents.back()});
        });
        writer_.append(entries);
        return true;
    } catch (const UserError&) {
        return false;
    }
}

}  // namespace stemma::record
