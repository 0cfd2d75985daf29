#include "app/log/logged_trainer.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "app/log/log_file.hpp"

namespace stemma {

namespace {

using Clock = std::chrono::steady_clock;

class LoggedTrainer final : public Trainer {
public:
    LoggedTrainer(std::unique_ptr<Trainer> trainer, std::filesystem::path run_file, int rank)
        : trainer_(std::move(trainer)), run_file_(std::move(run_file)), rank_(rank) {}
    ~LoggedTrainer() override {
        if (log_) log_->flush();
    }

    std::span<const MetricInfo> metrics() const override { return trainer_->metrics(); }
    std::string describe() const override { return trainer_->describe(); }

    TrainResult train(const TrainRequest& request) override {
        if (!log_) {
            log_ = open_log(run_file_, rank_);
            log_->info("{}", trainer_->describe());
        }
        const auto start = Clock::now();
        auto result = trainer_->train(request);
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - start).count();
        if (const auto* failure = std::get_if<TrainFailure>(&result)) {
            log_->warn("member {} from {} to {}: {} {} at {} after {:.3f} s: {}", request.member.value, request.from,
                       request.to, name_of(failure->kind), failure->type, failure->reached, seconds, failure->message);
        } else {
            const auto& trained = std::get<Trained>(result);
            log_->info("member {} from {} to {} in {:.3f} s:{}", request.member.value, request.from, trained.reached,
                       seconds, metrics_text(trained));
            if (const auto text = robustness_text(trained); !text.empty())
                log_->warn("member {} from {} to {}: {}", request.member.value, request.from, trained.reached, text);
        }
        // Trainings can take a millisecond each: the disk is not asked each time.
        if (now - flushed_ > std::chrono::seconds(5)) {
            log_->flush();
            flushed_ = now;
        }
        return result;
    }

private:
    std::string metrics_text(const Trained& trained) const {
        std::string text;
        const auto names = trainer_->metrics();
        const auto& values = trained.rows.back().values;
        for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
            if (!std::isnan(values[i])) text += fmt::format(" {} {:.6g}", names[i].name, values[i]);
        }
        return text;
    }

    /// What settings beyond the paper did to hypergradients in this training; "" = nothing.
    std::string robustness_text(const Trained& trained) const {
        struct Count {
            std::string_view metric, what;
        };
        constexpr std::array<Count, 3> counts = {{{"hyper_skipped", "left out (not finite)"},
                                                  {"hyper_clipped", "clipped to clip_norm"},
                                                  {"hyper_truncated", "with a series cut short"}}};
        std::string text;
        const auto names = trainer_->metrics();
        for (const auto& count : counts) {
            const auto found = std::ranges::find(names, count.metric, &MetricInfo::name);
            if (found == names.end()) continue;
            const auto at = static_cast<std::size_t>(found - names.begin());
            // Counts are of the lineage: the first row of a training may already have some of before.
            const double before = trained.rows.size() > 1 ? trained.rows.front().values[at] : 0;
            const double after = trained.rows.back().values[at];
            if (!(after > before)) continue;
            text += fmt::format("{}{:.0f} {}", text.empty() ? "hypergradients of its lineage so far: " : ", ", after,
                                count.what);
        }
        return text;
    }

    std::unique_ptr<Trainer> trainer_;
    std::filesystem::path run_file_;
    int rank_;
    std::shared_ptr<spdlog::logger> log_;
    Clock::time_point flushed_ = Clock::now();
};

}  // namespace

std::unique_ptr<Trainer> make_logged_trainer(std::unique_ptr<Trainer> trainer, std::filesystem::path run_file,
                                             int rank) {
    return std::make_unique<LoggedTrainer>(std::move(trainer), std::move(run_file), rank);
}

}  // namespace stemma
