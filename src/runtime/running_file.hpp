#pragma once
// What trainings under way have shown so far, for readers that follow a search (export --follow). Not a part of the
// record: metrics enter the record with the report of a training.

#include <cstddef>
#include <filesystem>
#include <map>
#include <vector>

#include "runtime/manager_host.hpp"

namespace stemma {

/// Keeps RUN.h5.running, a JSON array with an object for each training under way that has shown metrics:
///
///     {"lease": 12, "member": 3, "rows": [{"resource": 6, "seconds": 70.5, "values": [0.31, null]}]}
///
/// `rows` are the first rows of the training, without a gap: after a row that was not sent (Worker sends few a second)
/// no later row is added. `seconds` is the search's time at which the row arrived, `values` are the job's metrics in
/// their order, null where a value is not finite. The file is replaced as a whole, at most once a second, and removed
/// at the end. A file that cannot be written is not tried again; the search goes on without.
///
/// Cost: memory and file are bounded by workers * rows_max rows.
class RunningFile : public HostObserver {
public:
    static constexpr std::size_t rows_max = 200;  ///< of one training

    static std::filesystem::path path_of(const std::filesystem::path& run_file);

    explicit RunningFile(const std::filesystem::path& run_file);
    ~RunningFile() override;
    RunningFile(const RunningFile&) = delete;
    RunningFile& operator=(const RunningFile&) = delete;

    void on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) override;
    void on_progress(WorkerId worker, const message::Progress& progress) override;
    void on_tick(const Manager& manager, double now) override;

private:
    struct Row {
        MetricRow metrics;
        double seconds = 0;
    };
    struct Training {
        MemberId member;
        WorkerId worker;
        std::vector<Row> rows = {};
    };

    void remove(LeaseId lease);
    void write();

    std::filesystem::path path_;
    std::map<LeaseId, Training> trainings_;
    double now_ = 0;
    double next_write_ = 0;
    bool changed_ = false;
    bool usable_ = true;
};

}  // namespace stemma
