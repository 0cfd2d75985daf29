#include "trainer/process/process_trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.hpp"
#include "trainer/process/child.hpp"
#include "trainer/process/lease_talk.hpp"
#include "trainer/process/scratch.hpp"

namespace stemma {
namespace {

/// For a program that was told to end; after that it is killed.
constexpr auto quit_time = std::chrono::milliseconds(5000);

std::string words_text(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

class ProcessTrainer final : public Trainer {
public:
    ProcessTrainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter)
        : settings_(std::move(settings)), starter_(std::move(starter)), scratch_(settings_.scratch) {
        ensure(!settings_.command.empty(), "a program has a name");
    }
    ~ProcessTrainer() override {
        if (child_) child_->quit(quit_time);
    }

    std::span<const MetricInfo> metrics() const override { return settings_.metrics; }
    std::string describe() const override {
        return fmt::format("process: {} (threads {}, GPUs {})", words_text(settings_.command), settings_.place.threads,
                           settings_.place.gpus.empty() ? "none" : words_text(settings_.place.gpus));
    }

    TrainResult train(const TrainRequest& request) override {
        if (auto failure = put_start(request)) return *std::move(failure);
        replace_if_leaking();
        if (auto failure = start(request.from)) return *std::move(failure);
        const Talk talk{&settings_, child_.get(), &scratch_, ++lease_};
        auto outcome = talk_lease(talk, request);
        if (auto* trained = std::get_if<Trained>(&outcome)) return std::move(*trained);
        auto& failed = std::get<TalkFailed>(outcome);
        if (!failed.usable) child_.reset();
        return std::move(failed.failure);
    }

private:
    std::optional<TrainFailure> put_start(const TrainRequest& request) const {
        if (request.start == nullptr) return std::nullopt;
        try {
            if (scratch_.put_start(*request.start)) return std::nullopt;
        } catch (const std::system_error& error) {
            return TrainFailure{FailureKind::device, "trainer.scratch",
                                fmt::format("the snapshot to start from cannot be put down: {}", error.what()),
                                request.from};
        }
        return TrainFailure{FailureKind::snapshot_unavailable, "process", "the snapshot is of another trainer",
                            request.from};
    }

    /// Also one that ended by itself between two leases: that is no member's fault.
    void replace_if_leaking() {
        if (!child_) return;
        child_->look();
        const bool full = settings_.memory > 0 && child_->memory() > settings_.memory / 2;
        if (full) child_->quit(quit_time);
        if (full || child_->ended()) child_.reset();
    }

    std::optional<TrainFailure> start(Resource reached) {
        if (child_) return std::nullopt;
        try {
            child_ = std::make_unique<Child>(
                *starter_,
                ChildCommand{settings_.command, child_environment(settings_.environment, settings_.place),
                             scratch_.folder()},
                settings_.log);
            static_cast<void>(greet(settings_, *child_));
            return std::nullopt;
        } catch (const std::system_error& error) {
            child_.reset();
            return TrainFailure{FailureKind::device, "start",
                                fmt::format("the program cannot be started: {}", error.what()), reached};
        } catch (const ProtocolError& error) {
            child_.reset();
            return TrainFailure{FailureKind::exception, "start", error.what(), reached};
        }
    }

    ProcessSettings settings_;
    std::shared_ptr<ChildStarter> starter_;
    Scratch scratch_;
    std::unique_ptr<Child> child_;
    std::uint64_t lease_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_process_trainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter) {
    return std::make_unique<ProcessTrainer>(std::move(settings), std::move(starter));
}

void check_process(const ProcessSettings& settings, const std::vector<std::string>& children_change,
                   ChildStarter& starter) {
    try {
        Child child(starter, {settings.command, child_environment(settings.environment, settings.place), std::string()},
                    settings.log);
        const auto hello = greet(settings, child);
        child.quit(quit_time);
        if (!hello.can_change) return;
        for (const auto& name : children_change) {
            if (std::ranges::find(*hello.can_change, name) != hello.can_change->end()) continue;
            throw UserError(
                fmt::format("space.{}: children of this scheduler would change it, but the program {} cannot "
                            "change it in mid-training; give it role = \"fixed\"",
                            name, hello.name.empty() ? words_text(settings.command) : hello.name));
        }
    } catch (const std::system_error& error) {
        throw UserError(
            fmt::format("trainer.command: {} cannot be started: {}", words_text(settings.command), error.what()));
    } catch (const ProtocolError& error) {
        throw UserError(fmt::format("trainer.command: {}: {}", words_text(settings.command), error.what()));
    }
}

}  // namespace stemma
