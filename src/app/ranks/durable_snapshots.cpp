#include "app/ranks/durable_snapshots.hpp"

#include <system_error>

namespace stemma {

DurableSnapshots::DurableSnapshots(std::filesystem::path run_file, std::string run_id)
    : run_file_(std::move(run_file)), run_id_(std::move(run_id)) {}

void DurableSnapshots::write(SnapshotId id, MemberId member, Resource resource, const Snapshot& snapshot) {
    std::filesystem::create_directories(record::snapshot_folder(run_file_));
    record::write_snapshot_file(record::snapshot_path(run_file_, id).string(), snapshot, {run_id_, member, resource});
}

Snapshot DurableSnapshots::read(SnapshotId id) {
    return record::read_snapshot_file(record::snapshot_path(run_file_, id).string());
}

void DurableSnapshots::erase(SnapshotId id) {
    std::error_code ignored;  // a missing file need not be erased
    std::filesystem::remove(record::snapshot_path(run_file_, id), ignored);
}

}  // namespace stemma
