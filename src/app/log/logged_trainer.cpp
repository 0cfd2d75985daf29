#include "app/log/logged_trainer.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <chrono>
#include <cmath>
#include <mutex>

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
    std::uint32_t at_once() const override { return trainer_->at_once(); }
    std::string describe() const override { return trainer_->describe(); }

    TrainResult train(const TrainRequest& request) override {
        begin_log();
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
            if (!trained.note.empty()) {
                log_->warn("member {} from {} to {}: {}", request.member.value, request.from, trained.reached,
                           trained.note);
            }
        }
        const std::lock_guard lock(mutex_);
        // Trainings can take a millisecond each: not every training flushes to the disk.
        if (now - flushed_ > std::chrono::seconds(5)) {
            log_->flush();
            flushed_ = now;
        }
        return result;
    }

private:
    void begin_log() {
        const std::lock_guard lock(mutex_);
        if (log_) return;
        log_ = open_log(run_file_, rank_);
        log_->info("{}", trainer_->describe());
    }

    std::string metrics_text(const Trained& trained) const {
        std::string text;
        if (trained.rows.empty()) return text;
        const auto names = trainer_->metrics();
        const auto& values = trained.rows.back().values;
        for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
            if (!std::isnan(values[i])) text += fmt::format(" {} {:.6g}", names[i].name, values[i]);
        }
        return text;
    }

    std::unique_ptr<Trainer> trainer_;
    std::filesystem::path run_file_;
    int rank_;
    std::mutex mutex_;  ///< guards the next two; the logger itself is for several threads
    std::shared_ptr<spdlog::logger> log_;
    Clock::time_point flushed_ = Clock::now();
};

}  // namespace

std::unique_ptr<Trainer> make_logged_trainer(std::unique_ptr<Trainer> trainer, std::filesystem::path run_file,
                                             int rank) {
    return std::make_unique<LoggedTrainer>(std::move(trainer), std::move(run_file), rank);
}

}  // namespace stemma
