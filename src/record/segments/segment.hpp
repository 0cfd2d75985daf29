#pragma once
// Small snapshots one after another in one file, a segment: a disk makes many records of one file durable in about the
// time that it needs for one file. A segment only grows. A killed writer leaves at most one record cut short, at the
// end. docs/SCHEMA.md has the layout.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "core/bytes.hpp"
#include "core/ids.hpp"

namespace stemma::record {

/// A writer begins its next segment when one has this many bytes.
inline constexpr std::uint64_t segment_bytes = std::uint64_t{4} << 20U;
inline constexpr const char* segment_extension = ".segment";

struct SegmentRecord {
    SnapshotId snapshot;
    MemberId member;
    Resource resource = 0;     ///< resource that the member has been trained to
    std::uint64_t offset = 0;  ///< of the content in the segment [bytes]
    std::uint64_t bytes = 0;   ///< of the content
    std::uint32_t crc = 0;     ///< CRC-32 of the content
};

inline constexpr std::uint64_t record_head_bytes = 48;

/// The bytes before the first record.
Bytes segment_head();
/// Appends the bytes that stand before the content of a record.
void put_record_head(Bytes& out, SnapshotId snapshot, MemberId member, Resource resource,
                     std::span<const std::byte> content);

/// Calls `found` for each whole record that begins at `from` or later, and returns where the next one will begin.
/// `from` is 0 or a number that this function returned. A damaged or cut record ends the scan. Returns 0 for what is no
/// segment, or is not there. Contents are not read, so that their damage is found by read_record().
std::uint64_t scan_segment(const std::filesystem::path& segment, std::uint64_t from,
                           const std::function<void(const SegmentRecord&)>& found);

/// The content of a record. Throws UserError naming the segment if it is gone, cut short, or damaged.
Bytes read_record(const std::filesystem::path& segment, const SegmentRecord& record);

}  // namespace stemma::record
