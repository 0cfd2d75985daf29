#include "record/hdf5/published_run.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "platform/own_files.hpp"
#include "record/hdf5/sync.hpp"

namespace stemma::record {

namespace fs = std::filesystem;

namespace {

/// The run's identity is in the name: runs with one file name must not collide in a shared folder.
fs::path live_path(const fs::path& path, const fs::path& folder, const RunHeader& header) {
    constexpr std::size_t name_max = 200;  // with room for the identity, and for suffixes
    return folder / fmt::format("{}.{}", path.filename().string().substr(0, name_max), header.run_id);
}

Bytes content_of(const fs::path& path) {
    std::error_code error;
    Bytes content(fs::file_size(path, error));
    std::ifstream in(path, std::ios::binary);
    if (error || !in.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()))) {
        throw UserError(fmt::format("{}: cannot be read, and so not copied to where the run belongs", path.string()));
    }
    return content;
}

/// The file is complete under `to`, or does not exist. `from`: the origin of the content, for the message. `lock` is
/// still held when the file gets its name, or else it throws.
void write_durably(const Bytes& content, const fs::path& from, const fs::path& to, LockFile& lock) {
    const auto temporary = to.string() + ".publishing";
    std::ofstream out;
    try {
        make_own_file(temporary);
        out.open(temporary, std::ios::binary);
    } catch (const fs::filesystem_error& error) {
        throw UserError(fmt::format("{}: cannot be made ({}); choose folders that can be written to", temporary,
                                    error.code().message()));
    }
    errno = 0;
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out) {
        const std::error_code error(errno, std::generic_category());
        std::error_code ignored;  // the error that matters is the first one
        fs::remove(temporary, ignored);
        throw UserError(
            fmt::format("{}: cannot be written ({}); is the disk full or the quota used up? The newest record is {}",
                        to.string(), error.message(), from.string()));
    }
    sync_file(temporary);
    lock.renew();
    rename_durably(temporary, to);
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        throw UserError(fmt::format("{}: cannot be made ({}); give a folder of this node with --node-local",
                                    folder.string(), error.message()));
    }
}

void refuse_existing(const fs::path& path) {
    if (!fs::exists(path)) return;
    throw UserError(fmt::format(
        "{}: exists already and is not overwritten. Go on with it by `stemma resume {}`, or choose another name",
        path.string(), path.string()));
}

}  // namespace

PublishedRun::PublishedRun(fs::path path, fs::path live_path, PublishSettings settings, std::unique_ptr<LockFile> lock,
                           std::unique_ptr<RunFileWriter> live)
    : path_(std::move(path)),
      live_path_(std::move(live_path)),
      settings_(settings),
      lock_(std::move(lock)),
      live_(std::move(live)) {
    notice_ = fmt::format("{} is written in {} of this node, and copied at least {:.0f} s apart", path_.string(),
                          live_path_.parent_path().string(), settings_.interval.count());
    if (!lock_->notice().empty()) notice_ = lock_->notice() + "; " + notice_;
    publish_work()();
}

std::unique_ptr<PublishedRun> PublishedRun::create(const fs::path& path, const fs::path& folder,
                                                   const RunHeader& header, BatchStart batch,
                                                   PublishSettings settings) {
    refuse_existing(path);
    make_folder(folder);
    auto lock = std::make_unique<LockFile>(path.string() + ".lock", batch);
    refuse_existing(path);
    const auto live = live_path(path, folder, header);
    auto writer = RunFileWriter::create(live, header, std::move(batch));
    return std::make_unique<PublishedRun>(path, live, settings, std::move(lock), std::move(writer));
}

std::unique_ptr<PublishedRun> PublishedRun::append_to(const fs::path& path, const fs::path& folder, BatchStart batch,
                                                      PublishSettings settings, const HeaderAdditions& additions) {
    const auto header = RunFileReader(path).header();
    make_folder(folder);
    auto lock = std::make_unique<LockFile>(path.string() + ".lock", batch);
    const auto live = live_path(path, folder, header);
    if (newest_record(path, folder) == path) write_durably(content_of(path), path, live, *lock);
    auto writer = RunFileWriter::append_to(live, std::move(batch), additions);
    return std::make_unique<PublishedRun>(path, live, settings, std::move(lock), std::move(writer));
}

std::function<void()> PublishedRun::sync_work() {
    std::function<void()> publish;
    if (std::chrono::steady_clock::now() >= next_) publish = publish_work();
    return [this, sync = live_->sync_work(), publish = std::move(publish)] {
        lock_->renew();
        sync();
        if (publish) publish();
    };
}

std::function<void()> PublishedRun::publish_work() {
    const auto begun = std::chrono::steady_clock::now();
    return [this, begun, content = content_of(live_path_)] {
        lock_->renew();  // no other process's copy under way is touched
        write_durably(content, live_path_, path_, *lock_);
        const auto now = std::chrono::steady_clock::now();
        const auto pause = std::max(settings_.interval, std::chrono::duration<double>(now - begun) / settings_.share);
        next_ = now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause);
    };
}

void PublishedRun::close(bool finished) {
    lock_->renew();
    live_->close(finished);
    publish_work()();
    std::error_code ignored;  // a file that stays in a node's scratch folder does no harm
    fs::remove(live_path_, ignored);
    lock_.reset();
}

fs::path newest_record(const fs::path& path, const fs::path& folder) {
    const RunFileReader published(path);
    auto live = live_path(path, folder, published.header());
    std::error_code none;
    if (!fs::exists(fs::symlink_status(live, none))) return path;
    if (!is_own_file(live)) {
        throw UserError(
            fmt::format("{}: is where the live file of this run belongs, but a link or another user's. Have "
                        "it removed, or give another folder of this node with --node-local",
                        live.string()));
    }
    try {
        // Another node may have gone on from the copy: what is only here was lost to it.
        const RunFileReader here(live);
        if (std::pair(here.file_incarnation(), here.inputs()) >=
            std::pair(published.file_incarnation(), published.inputs())) {
            return live;
        }
    } catch (const UserError&) {
        return path;  // cut short by the crash of the node
    }
    return path;
}

}  // namespace stemma::record
