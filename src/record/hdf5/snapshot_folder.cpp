#include "record/hdf5/snapshot_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "record/hdf5/snapshot_file.hpp"

namespace stemma::record {

SnapshotFolder::SnapshotFolder(std::filesystem::path run_file)
    : run_file_(std::move(run_file)), segments_(snapshot_folder(run_file_)) {}

std::optional<Snapshot> SnapshotFolder::find(SnapshotId id) {
    const auto file = snapshot_path(run_file_, id);
    if (std::filesystem::exists(file)) return read_snapshot_file(file.string());
    auto content = segments_.read(id);
    if (!content) return std::nullopt;
    return Snapshot::decode(std::move(*content));
}

Snapshot SnapshotFolder::read(SnapshotId id) {
    if (auto found = find(id)) return std::move(*found);
    throw UserError(fmt::format("{}: snapshot {} is not there; the member has to be trained again",
                                snapshot_folder(run_file_).string(), id.value));
}

std::vector<SnapshotId> SnapshotFolder::missing(std::span<const SnapshotId> ids) const {
    const auto small = segments_.snapshots();
    std::vector<SnapshotId> missing;
    for (const auto id : ids) {
        const bool there =
            std::ranges::binary_search(small, id) || std::filesystem::exists(snapshot_path(run_file_, id));
        if (!there) missing.push_back(id);
    }
    return missing;
}

}  // namespace stemma::record
