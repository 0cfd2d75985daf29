#pragma once
#include <filesystem>
#include <span>

#include "core/bytes.hpp"
#include "core/ids.hpp"
#include "platform/descriptor.hpp"

namespace stemma::record {

/// One writer's segments, one after another. For one thread.
class SegmentWriter {
public:
    struct Entry {
        SnapshotId snapshot;
        MemberId member;
        Resource resource = 0;
        std::span<const std::byte> content;
    };

    explicit SegmentWriter(std::filesystem::path folder);
    /// Appends all entries and forces them to the disk once. On an exception none of them counts. Throws UserError
    /// naming the file (disk full, no such folder).
    void append(std::span<const Entry> entries);

private:
    void begin(SnapshotId first);
    [[noreturn]] void fail(const char* what, int error);

    std::filesystem::path folder_;
    std::filesystem::path path_;
    Descriptor file_;         ///< not open: the next append begins a segment
    std::uint64_t size_ = 0;  ///< of the segment, up to the last durable record
    Bytes buffer_;
};

}  // namespace stemma::record
