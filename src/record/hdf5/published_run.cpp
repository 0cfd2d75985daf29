#include "record/hdf5/published_run.hpp"

#include <fmt/format.h>

#include <system_error>

#include "core/error.hpp"
#include "record/hdf5/sync.hpp"

namespace stemma {

namespace fs = std::filesystem;

namespace {

/// The run's identity is in the name: runs of one file name must not meet in a folder that all of them share.
fs::path live_path(const fs::path& path, const fs::path& folder, const RunHeader& header) {
    return folder / fmt::format("{}.{}", path.filename().string(), header.run_id);
}

/// Complete under `to` or not there at all.
void copy_durably(const fs::path& from, const fs::path& to) {
    const auto temporary = to.string() + ".publishing";
    std::error_code error;
    fs::copy_file(from, temporary, fs::copy_options::overwrite_existing, error);
    if (error) {
        std::error_code ignored;  // the error that matters is the first one
        fs::remove(temporary, ignored);
        throw UserError(
            fmt::format("{}: cannot be written ({}); is the disk full or the quota used up? The newest record is {}",
                        to.string(), error.message(), from.string()));
    }
    sync_file(temporary);
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
    publish();
}

std::unique_ptr<PublishedRun> PublishedRun::create(const fs::path& path, const fs::path& folder,
                                                   const RunHeader& header, std::string batch_job,
                                                   PublishSettings settings) {
    refuse_existing(path);
    make_folder(folder);
    auto lock = std::make_unique<LockFile>(path.string() + ".lock", batch_job);
    refuse_existing(path);
    const auto live = live_path(path, folder, header);
    auto writer = RunFileWriter::create(live, header, std::move(batch_job));
    return std::make_unique<PublishedRun>(path, live, settings, std::move(lock), std::move(writer));
}

std::unique_ptr<PublishedRun> PublishedRun::append_to(const fs::path& path, const fs::path& folder,
                                                      std::string batch_job, PublishSettings settings,
                                                      const std::string& machine) {
    const auto header = RunFileReader(path).header();
    make_folder(folder);
    auto lock = std::make_unique<LockFile>(path.string() + ".lock", batch_job);
    const auto live = live_path(path, folder, header);
    if (newest_record(path, folder) == path) copy_durably(path, live);
    auto writer = RunFileWriter::append_to(live, std::move(batch_job), machine);
    return std::make_unique<PublishedRun>(path, live, settings, std::move(lock), std::move(writer));
}

void PublishedRun::sync() {
    live_->sync();
    if (std::chrono::steady_clock::now() >= next_) publish();
}

void PublishedRun::publish() {
    const auto begun = std::chrono::steady_clock::now();
    copy_durably(live_path_, path_);
    const auto now = std::chrono::steady_clock::now();
    const auto pause = std::max(settings_.interval, std::chrono::duration<double>(now - begun) / settings_.share);
    next_ = now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause);
}

void PublishedRun::close(bool finished) {
    live_->close(finished);
    publish();
    std::error_code ignored;  // a file that stays behind in a node's scratch folder harms nobody
    fs::remove(live_path_, ignored);
    lock_.reset();
}

fs::path newest_record(const fs::path& path, const fs::path& folder) {
    const RunFileReader published(path);
    const auto live = live_path(path, folder, published.header());
    std::error_code none;
    if (!fs::exists(live, none)) return path;
    try {
        if (RunFileReader(live).inputs() >= published.inputs()) return live;
    } catch (const UserError&) {
        return path;  // cut short by the crash of the node
    }
    return path;
}

}  // namespace stemma
