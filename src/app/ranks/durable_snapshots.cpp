#include "app/ranks/durable_snapshots.hpp"

#include <system_error>

#include "record/hdf5/snapshot_file.hpp"

namespace stemma {

DurableSnapshots::DurableSnapshots(const std::filesystem::path& run_file, std::string run_id)
    : run_file_(run_file),
      run_id_(std::move(run_id)),
      writer_(record::snapshot_folder(run_file)),
      reader_(run_file),
      keeper_(record::snapshot_folder(run_file)) {}

void DurableSnapshots::write(const DurableCopy& copy) {
    std::filesystem::create_directories(record::snapshot_folder(run_file_));
    record::write_snapshot_file(record::snapshot_path(run_file_, copy.snapshot).string(),
                                Snapshot::decode(copy.content), {run_id_, copy.member, copy.resource});
}

void DurableSnapshots::write_small(std::span<const DurableCopy> copies) {
    std::vector<record::SegmentWriter::Entry> entries;
    for (const auto& copy : copies) entries.push_back({copy.snapshot, copy.member, copy.resource, *copy.content});
    const std::lock_guard lock(writing_);
    writer_.append(entries);
}

Snapshot DurableSnapshots::read(SnapshotId id) {
    const std::lock_guard lock(reading_);
    return reader_.read(id);
}

void DurableSnapshots::erase(SnapshotId id) {
    std::error_code ignored;  // a missing copy need not be erased
    if (!std::filesystem::remove(record::snapshot_path(run_file_, id), ignored)) keeper_.erase(id);
}

}  // namespace stemma
