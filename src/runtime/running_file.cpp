#include "runtime/running_file.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>

#include "core/error.hpp"
#include "platform/whole_file.hpp"

namespace stemma {

namespace fs = std::filesystem;

fs::path RunningFile::path_of(const fs::path& run_file) { return run_file.string() + ".running"; }

RunningFile::RunningFile(const fs::path& run_file) : path_(path_of(run_file)) {
    std::error_code error;
    fs::remove(path_, error);  // of a killed start
}

RunningFile::~RunningFile() {
    std::error_code error;
    fs::remove(path_, error);
}

void RunningFile::on_entry(const Input& input, std::span<const Effect> effects, const Manager&) {
    now_ = input.time;
    if (const auto* report = std::get_if<input::Report>(&input.body)) remove(report->lease);
    if (const auto* failure = std::get_if<input::Failure>(&input.body)) remove(failure->lease);
    if (const auto* lost = std::get_if<input::WorkerLost>(&input.body)) {
        std::erase_if(trainings_, [&](const auto& one) { return one.second.worker == lost->worker; });
        changed_ = true;
    }
    for (const auto& effect : effects) {
        if (const auto* train = std::get_if<effect::Train>(&effect))
            trainings_.insert_or_assign(train->lease, Training{train->member, train->worker});
    }
}

void RunningFile::remove(LeaseId lease) {
    const auto found = trainings_.find(lease);
    if (found == trainings_.end()) return;
    changed_ = changed_ || !found->second.rows.empty();
    trainings_.erase(found);
}

void RunningFile::on_progress(WorkerId worker, const message::Progress& progress) {
    const auto found = trainings_.find(progress.lease);
    if (found == trainings_.end() || found->second.worker != worker) return;
    auto& rows = found->second.rows;
    if (progress.number != rows.size() || rows.size() == rows_max) return;
    rows.push_back({progress.row, now_});
    changed_ = true;
}

void RunningFile::on_tick(const Manager&, double now) {
    now_ = now;
    if (!changed_ || now < next_write_) return;
    changed_ = false;
    next_write_ = now + 1;
    write();
}

void RunningFile::write() {
    if (!usable_) return;
    auto all = nlohmann::json::array();
    for (const auto& [lease, training] : trainings_) {
        if (training.rows.empty()) continue;
        auto rows = nlohmann::json::array();
        for (const auto& row : training.rows) {
            auto values = nlohmann::json::array();
            for (const double value : row.metrics.values)
                values.push_back(std::isfinite(value) ? nlohmann::json(value) : nlohmann::json());
            rows.push_back({{"resource", row.metrics.resource}, {"seconds", row.seconds}, {"values", values}});
        }
        all.push_back({{"lease", lease.value}, {"member", training.member.value}, {"rows", std::move(rows)}});
    }
    try {
        write_whole_file(path_, [&](std::ostream& out) { out << all << '\n'; });
    } catch (const UserError&) {
        usable_ = false;
    }
}

}  // namespace stemma
