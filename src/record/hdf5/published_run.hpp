#pragma once
// A run file on a file system that several hosts share (NFS), where HDF5's single-writer mode is not safe. The live
// file is written in a folder of this node, and consistent copies of it are put under the run's own name.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "record/hdf5/lock_file.hpp"
#include "record/hdf5/run_file.hpp"

namespace stemma::record {

struct PublishSettings {
    std::chrono::duration<double> interval{5};  ///< between two copies, at least
    double share = 0.02;  ///< share of time for copying: large files, and files on slow disks, are copied less often
};

/// Committed entries are on the node at once, and under the run's name within PublishSettings::interval (longer for
/// large files). A kill of the program loses nothing while the node lives. The loss of the node loses what came after
/// the last copy. A resume treats that as never having happened.
class PublishedRun : public RunRecord {
public:
    /// For create() and append_to().
    PublishedRun(std::filesystem::path path, std::filesystem::path live_path, PublishSettings settings,
                 std::unique_ptr<LockFile> lock, std::unique_ptr<RunFileWriter> live);

    /// As RunFileWriter::create and append_to. `path` is the run's name. `folder` is on this node, and is made if
    /// necessary.
    static std::unique_ptr<PublishedRun> create(const std::filesystem::path& path, const std::filesystem::path& folder,
                                                const RunHeader& header, BatchStart batch,
                                                PublishSettings settings = {});
    static std::unique_ptr<PublishedRun> append_to(const std::filesystem::path& path,
                                                   const std::filesystem::path& folder, BatchStart batch,
                                                   PublishSettings settings = {},
                                                   const HeaderAdditions& additions = {});

    void append(const Input& input, std::span<const Effect> effects) override { live_->append(input, effects); }
    void commit() override { live_->commit(); }
    /// Also publishes when it is time: reads the live file here, between two commits, and writes the copy in the
    /// returned work.
    std::function<void()> sync_work() override;
    /// Publishes the end, and removes the live file.
    void close(bool finished) override;
    const std::string& notice() const override { return notice_; }

private:
    /// A consistent copy of the live file, to be put under the run's name.
    std::function<void()> publish_work();

    std::filesystem::path path_;
    std::filesystem::path live_path_;
    PublishSettings settings_;
    std::unique_ptr<LockFile> lock_;  ///< of the run's name; the live file has its own
    std::unique_ptr<RunFileWriter> live_;
    std::string notice_;
    std::chrono::steady_clock::time_point next_;
};

/// The newest record of the run at `path`: the live file that a killed program left in `folder` of this node, or `path`
/// itself. Throws UserError as RunFileReader does. Also throws if the live file's name is taken by a file that this
/// user did not write.
std::filesystem::path newest_record(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace stemma::record
