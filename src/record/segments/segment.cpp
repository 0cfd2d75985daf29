#include "record/segments/segment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/crc32.hpp"
#include "core/error.hpp"
#include "platform/descriptor.hpp"

namespace stemma::record {

namespace {

constexpr std::uint32_t version = 1;

struct SegmentHead {
    char magic[8] = {'S', 'T', 'M', '-', 'S', 'E', 'G', '\n'};
    std::uint32_t format = version;
    std::uint32_t reserved = 0;
};

struct RecordHead {
    char magic[8] = {'S', 'T', 'M', '-', 'R', 'E', 'C', '\n'};
    std::uint64_t snapshot = 0;
    std::uint64_t member = 0;
    std::int64_t resource = 0;
    std::uint64_t bytes = 0;
    std::uint32_t content_crc = 0;
    std::uint32_t own_crc = 0;  ///< of all fields before
};
constexpr std::size_t crc_offset = sizeof(RecordHead) - sizeof(std::uint32_t);
static_assert(sizeof(SegmentHead) == 16 && sizeof(RecordHead) == record_head_bytes,
              "no padding: the layout is the format");

template <class Head>
std::span<const std::byte> bytes_of(const Head& head) {
    return std::as_bytes(std::span(&head, 1));
}

std::uint32_t own_crc(const RecordHead& head) { return crc32_of(bytes_of(head).first(crc_offset)); }

/// As many bytes as the file has from `offset` on, at most those of `into`.
std::size_t read_at(const Descriptor& file, std::uint64_t offset, std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto got =
            ::pread(file.number(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

/// Reads forwards in large steps, because most records are small.
class Window {
public:
    explicit Window(const Descriptor& file) : file_(&file), bytes_(std::size_t{64} << 10U) {}

    template <class Head>
    std::optional<Head> at(std::uint64_t offset) {
        if (offset < begin_ || offset + sizeof(Head) > begin_ + size_) {
            begin_ = offset;
            size_ = read_at(*file_, offset, bytes_);
            if (size_ < sizeof(Head)) return std::nullopt;
        }
        Head head;
        std::memcpy(&head, bytes_.data() + (offset - begin_), sizeof head);
        return head;
    }

private:
    const Descriptor* file_;
    Bytes bytes_;
    std::uint64_t begin_ = 0;
    std::size_t size_ = 0;
};

std::uint64_t size_of_file(const Descriptor& file) {
    struct ::stat status {};
    return ::fstat(file.number(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

Bytes segment_head() {
    Bytes out;
    append(out, bytes_of(SegmentHead{}));
    return out;
}

void put_record_head(Bytes& out, SnapshotId snapshot, MemberId member, Resource resource,
                     std::span<const std::byte> content) {
    RecordHead head;
    head.snapshot = snapshot.value;
    head.member = member.value;
    head.resource = resource;
    head.bytes = content.size();
    head.content_crc = crc32_of(content);
    head.own_crc = own_crc(head);
    append(out, bytes_of(head));
}

std::uint64_t scan_segment(const std::filesystem::path& segment, std::uint64_t from,
                           const std::function<void(const SegmentRecord&)>& found) {
    const Descriptor file(::open(segment.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return 0;
    const auto size = size_of_file(file);
    Window window(file);
    if (from == 0) {
        const auto head = window.at<SegmentHead>(0);
        if (!head || !std::ranges::equal(bytes_of(*head), bytes_of(SegmentHead{}))) return 0;
        from = sizeof(SegmentHead);
    }
    const RecordHead expected;
    for (auto offset = from;;) {
        const auto head = window.at<RecordHead>(offset);
        if (!head || std::memcmp(head->magic, expected.magic, sizeof head->magic) != 0) return offset;
        if (own_crc(*head) != head->own_crc) return offset;
        const auto content = offset + sizeof(RecordHead);
        if (head->bytes > size || content > size - head->bytes) return offset;
        found({{head->snapshot}, {head->member}, head->resource, content, head->bytes, head->content_crc});
        offset = content + head->bytes;
    }
}

Bytes read_record(const std::filesystem::path& segment, const SegmentRecord& record) {
    const auto fail = [&](const std::string& why) {
        return UserError(fmt::format("{}: snapshot {} cannot be read: {}. The member has to be trained again",
                                     segment.string(), record.snapshot.value, why));
    };
    const Descriptor file(::open(segment.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw fail(std::strerror(errno));
    Bytes content(record.bytes);
    if (read_at(file, record.offset, content) != content.size()) throw fail("the file is cut short");
    if (crc32_of(content) != record.crc) throw fail("its checksum is wrong");
    return content;
}

}  // namespace stemma::record
