#include "trainer/process/process_trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "platform/user_path.hpp"
#include "trainer/process/child_group.hpp"
#include "trainer/process/greeting.hpp"
#include "trainer/process/lease_talk.hpp"
#include "trainer/process/scratch.hpp"
#include "trainer/users_mistake.hpp"

namespace stemma {
namespace {

/// For a program that was told to end. After that it is killed.
constexpr auto quit_time = std::chrono::milliseconds(5000);

std::string words_text(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

std::unique_ptr<ChildGroup> started(const ProcessSettings& settings, ChildStarter& starter,
                                    const std::string& scratch) {
    auto words = settings.runner;
    words.insert(words.end(), settings.command.begin(), settings.command.end());
    auto place = settings.place;
    place.threads = std::max(1U, place.threads / std::max(1U, settings.processes));
    return std::make_unique<ChildGroup>(
        starter, GroupCommand{{std::move(words), child_environment(settings.environment, place), scratch},
                              settings.processes,
                              settings.log,
                              scratch});
}

/// Checks that the program of `hello` may change what the scheduler's children change.
void check_changes(const ProcessSettings& settings, const ChildHello& hello,
                   const std::vector<std::string>& children_change) {
    if (!hello.can_change) return;
    for (const auto& name : children_change) {
        if (std::ranges::find(*hello.can_change, name) != hello.can_change->end()) continue;
        throw UserError(
            fmt::format("space.{}: children of this scheduler would change it, but the program {} cannot "
                        "change it in mid-training; give it role = \"fixed\"",
                        name, hello.name.empty() ? words_text(settings.command) : hello.name));
    }
}

/// Runs `body`. Failures of the program become UserErrors.
template <class Body>
void as_user_error(const ProcessSettings& settings, const Body& body) {
    try {
        body();
    } catch (const std::system_error& error) {
        throw UserError(
            fmt::format("trainer.command: {} cannot be started: {}", words_text(settings.command), error.what()));
    } catch (const ProtocolError& error) {
        const auto program = program_path(settings.command.front());
        throw UserError(fmt::format("trainer.command: {}{}: {}", words_text(settings.command),
                                    program == settings.command.front() ? "" : " (" + program + ")", error.what()));
    }
}

class ProcessTrainer final : public Trainer {
public:
    ProcessTrainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter,
                   const std::shared_ptr<FirstProgram>& first)
        : settings_(std::move(settings)), starter_(std::move(starter)), scratch_(settings_.scratch), first_(first) {
        ensure(!settings_.command.empty(), "a program has a name");
        // The program loads while others start, too. Its hello is received at the first lease, or by `first`.
        try {
            group_ = started(settings_, *starter_, scratch_.folder());
        } catch (const std::system_error&) {
            if (first) first->refuse(std::current_exception(), settings_);
            return;  // the first lease reports it
        }
        if (first) first->offer(std::move(group_), settings_);
    }
    ~ProcessTrainer() override {
        take_first();
        if (group_ && group_->greeted()) group_->quit(quit_time);
    }

    std::span<const MetricInfo> metrics() const override { return settings_.metrics; }
    std::string describe() const override {
        return fmt::format("process: {} ({}threads {}, GPUs {})", words_text(settings_.command),
                           settings_.processes > 0 ? fmt::format("processes {}, ", settings_.processes) : "",
                           settings_.place.threads,
                           settings_.place.gpus.empty() ? "none" : words_text(settings_.place.gpus));
    }

    TrainResult train(const TrainRequest& request) override {
        take_first();
        if (request.start != nullptr) largest_ = std::max<std::uint64_t>(largest_, request.start->bytes());
        while (true) {
            auto result = attempt(request);
            if (const auto* trained = std::get_if<Trained>(&result)) {
                largest_ = std::max<std::uint64_t>(largest_, trained->snapshot.bytes());
                // One training of the search, so that not each worker says it.
                const bool first = request.member == MemberId{0} && request.from == 0;
                if (first && settings_.say && !trained->note.empty()) settings_.say(trained->note);
                return result;
            }
            const auto& failure = std::get<TrainFailure>(result);
            if (!for_want_of_room(failure)) return result;
            if (!move_scratch()) {
                return TrainFailure{
                    FailureKind::device, std::string(no_room_for_snapshots),
                    fmt::format("no folder has room for snapshots of {:.1f} MiB: {}. Set trainer.scratch "
                                "to a folder of each node that has room for two of each worker\n{}",
                                static_cast<double>(largest_) / (1U << 20U), scratch_.places_text(), failure.message),
                    request.from};
            }
        }
    }

private:
    TrainResult attempt(const TrainRequest& request) {
        if (auto failure = put_start(request)) return *std::move(failure);
        while (true) {
            replace_if_due();
            if (auto failure = start(request.from)) return *std::move(failure);
            const bool used = std::exchange(used_, true);
            const Talk talk{&settings_, group_.get(), &scratch_, ++lease_};
            auto outcome = talk_lease(talk, request);
            if (auto* trained = std::get_if<Trained>(&outcome)) {
                if (settings_.restart == ProcessSettings::Restart::each_training) group_->dismiss();
                return std::move(*trained);
            }
            auto& failed = std::get<TalkFailed>(outcome);
            // The program was about to end when it was given the lease, like a script that trains once. Not this
            // training's fault.
            const bool innocent = failed.unsaid && used;
            // A process whose device has failed can train no more.
            const bool broken = failed.failure.kind == FailureKind::device &&
                                !is_users_mistake(failed.failure.kind, failed.failure.type);
            if (broken) failed.failure.kind = FailureKind::broken_program;
            if (broken || !failed.usable) drop();
            if (!innocent) return std::move(failed.failure);
        }
    }

    /// The program could not write its snapshot, or this process could not write the start snapshot. A program that
    /// says so may have removed the partial file, or another worker has made room meanwhile.
    bool for_want_of_room(const TrainFailure& failure) const {
        if (failure.type == no_room_for_snapshots) return true;
        if (failure.kind != FailureKind::exception) return false;
        constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
        const bool said = failure.message.find(std::strerror(ENOSPC)) != std::string::npos;
        return scratch_.room() < (said ? std::max(64 * mebibyte, 2 * largest_) : std::max(mebibyte, largest_));
    }

    /// The program is started anew: the helper that starts it removes its scratch folder if this process is killed.
    bool move_scratch() {
        // Ends the old program first, so that its successor follows at once. Until then no process would remove the new
        // folder.
        if (group_ && group_->greeted()) group_->quit(quit_time);
        drop();
        const auto before = scratch_.folder();
        if (!scratch_.move(largest_)) return false;
        if (settings_.say) {
            settings_.say(fmt::format(
                "{} has no room left for snapshots, so that they go through {} (trainer.scratch sets another place)",
                std::filesystem::path(before).parent_path().string(),
                std::filesystem::path(scratch_.folder()).parent_path().string()));
        }
        return true;
    }

    void take_first() {
        if (auto first = std::exchange(first_, nullptr)) group_ = first->take();
    }

    std::optional<TrainFailure> put_start(const TrainRequest& request) const {
        if (request.start == nullptr) return std::nullopt;
        try {
            if (scratch_.put_start(*request.start)) return std::nullopt;
        } catch (const std::system_error& error) {
            return TrainFailure{FailureKind::device, std::string(no_room_for_snapshots),
                                fmt::format("the snapshot to start from cannot be put down: {}", error.what()),
                                request.from};
        }
        return TrainFailure{FailureKind::snapshot_unavailable, "process", "the snapshot is of another trainer",
                            request.from};
    }

    /// Also replaces a program that ended by itself between two leases: that is no member's fault.
    void replace_if_due() {
        if (!group_) return;
        group_->look();
        const auto half = settings_.memory / 2;
        const bool full = half > 0 && group_->memory(half) > half;
        const bool once = settings_.restart == ProcessSettings::Restart::each_training && used_;
        if (full || once) group_->quit(quit_time);
        if (full || once || group_->ended()) drop();
    }

    void drop() {
        group_.reset();
        used_ = false;
    }

    std::optional<TrainFailure> start(Resource reached) {
        try {
            if (!group_) group_ = started(settings_, *starter_, scratch_.folder());
            if (!group_->greeted()) static_cast<void>(greet(settings_, *group_));
            return std::nullopt;
        } catch (const std::system_error& error) {
            drop();
            return TrainFailure{FailureKind::device, "start",
                                fmt::format("the program cannot be started: {}", error.what()), reached};
        } catch (const ProtocolError& error) {
            drop();
            return TrainFailure{FailureKind::exception, "start", error.what(), reached};
        }
    }

    ProcessSettings settings_;
    std::shared_ptr<ChildStarter> starter_;
    Scratch scratch_;
    std::shared_ptr<FirstProgram> first_;  ///< holds the program until the first lease
    std::unique_ptr<ChildGroup> group_;
    bool used_ = false;  ///< it was given a lease
    std::uint64_t lease_ = 0;
    std::uint64_t largest_ = 0;  ///< largest snapshot so far, bytes
};

}  // namespace

std::unique_ptr<Trainer> make_process_trainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter,
                                              const std::shared_ptr<FirstProgram>& first) {
    return std::make_unique<ProcessTrainer>(std::move(settings), std::move(starter), first);
}

void check_process(const ProcessSettings& settings, const std::vector<std::string>& children_change,
                   ChildStarter& starter) {
    as_user_error(settings, [&] {
        const Scratch scratch(settings.scratch);  // for the door
        const auto group = started(settings, starter, scratch.folder());
        const auto hello = greet(settings, *group);
        group->quit(quit_time);
        check_changes(settings, hello, children_change);
    });
}

FirstProgram::FirstProgram() = default;
FirstProgram::~FirstProgram() = default;

void FirstProgram::offer(std::unique_ptr<ChildGroup> group, const ProcessSettings& settings) {
    {
        const std::lock_guard lock(mutex_);
        group_ = std::move(group);
        settings_ = settings;
    }
    offered_.notify_all();
}

void FirstProgram::refuse(std::exception_ptr why, const ProcessSettings& settings) {
    {
        const std::lock_guard lock(mutex_);
        refusal_ = std::move(why);
        settings_ = settings;
    }
    offered_.notify_all();
}

std::unique_ptr<ChildGroup> FirstProgram::take() {
    const std::lock_guard lock(mutex_);
    return std::move(group_);
}

void FirstProgram::check(const std::vector<std::string>& children_change) {
    std::unique_lock lock(mutex_);
    offered_.wait(lock, [this] { return group_ || refusal_; });
    as_user_error(settings_, [&] {
        if (refusal_) std::rethrow_exception(refusal_);
        try {
            check_changes(settings_, greet(settings_, *group_), children_change);
        } catch (...) {
            group_.reset();
            throw;
        }
    });
}

}  // namespace stemma
