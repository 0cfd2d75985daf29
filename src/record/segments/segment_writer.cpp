#include "record/segments/segment_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.hpp"
#include "record/segments/segment.hpp"

namespace stemma::record {

namespace {

bool write_all(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto done = ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
    return true;
}

}  // namespace

SegmentWriter::SegmentWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}

void SegmentWriter::append(std::span<const Entry> entries) {
    if (entries.empty()) return;
    if (!file_) begin(entries.front().snapshot);
    if (size_ == 0) buffer_ = segment_head();
    for (const auto& entry : entries) {
        put_record_head(buffer_, entry.snapshot, entry.member, entry.resource, entry.content);
        stemma::append(buffer_, entry.content);
    }
    if (!write_all(file_, buffer_, size_)) fail("written", errno);
    if (::fdatasync(file_.number()) != 0) fail("written to the disk", errno);
    struct ::stat status {};
    if (::fstat(file_.number(), &status) == 0 && status.st_nlink == 0) fail("kept: another program removed it", ENOENT);
    if (size_ == 0) {
        // The name must survive as well. Some file systems refuse to sync folders.
        const Descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder) static_cast<void>(::fsync(folder.number()));
    }
    size_ += buffer_.size();
    buffer_.clear();
    if (size_ >= segment_bytes) file_ = {};
}

/// Each segment is called by its first snapshot. A number is appended where that name is taken.
void SegmentWriter::begin(SnapshotId first) {
    std::filesystem::create_directories(folder_);
    size_ = 0;
    for (int taken = 0;; ++taken) {
        path_ = folder_ /
                fmt::format("{:08}{}{}", first.value, taken == 0 ? "" : fmt::format("-{}", taken), segment_extension);
        file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (file_) return;
        if (errno != EEXIST) fail("made", errno);
    }
}

/// What is on the disk after a failed write or sync is unknown: this segment gets no more records.
void SegmentWriter::fail(const char* what, int error) {
    buffer_.clear();
    if (file_) static_cast<void>(::ftruncate(file_.number(), static_cast<off_t>(size_)));
    std::error_code ignored;  // the error that matters is the first one
    if (file_ && size_ == 0) std::filesystem::remove(path_, ignored);
    file_ = {};
    throw UserError(fmt::format("{}: cannot be {} ({}). Is the disk full or the folder not there?", path_.string(),
                                what, std::strerror(error)));
}

}  // namespace stemma::record
