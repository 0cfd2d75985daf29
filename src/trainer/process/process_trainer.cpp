#include "trainer/process/process_trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "trainer/process/greeting.hpp"
#include "trainer/process/lease_talk.hpp"
#include "trainer/process/scratch.hpp"
#include "trainer/process/start_program.hpp"
#include "trainer/users_mistake.hpp"

namespace stemma {
namespace {

constexpr double memory_tick = 0.5;

/// One call of train(), until its result is there.
struct Call {
    const TrainRequest* request = nullptr;
    std::optional<TrainResult> result = {};  ///< these two: guarded by the trainer's mutex
    std::exception_ptr error = {};
    std::unique_ptr<LeaseTalk> talk = {};  ///< while it is with the program
    std::size_t slot = 0;
    bool used = false;         ///< the program was given a lease before this one
    bool company = false;      ///< at some time another training was with the program, too
    Resource told = 0;         ///< rows up to there were shown
    std::string no_room = {};  ///< why it has to wait for a folder with more room
};

/// One of the threads that call train() works for all: it gives leases to the program and passes on what the program
/// says. When a result is there, another caller that still waits goes on with that. A single caller works for itself.
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
    std::uint32_t at_once() const override { return settings_.at_once; }
    std::string describe() const override {
        return fmt::format("process: {} ({}{}threads {}, GPUs {})", words_text(settings_.command),
                           settings_.processes > 0 ? fmt::format("processes {}, ", settings_.processes) : "",
                           settings_.at_once > 1 ? fmt::format("{} trainings at once, ", settings_.at_once) : "",
                           settings_.place.threads,
                           settings_.place.gpus.empty() ? "none" : words_text(settings_.place.gpus));
    }

    TrainResult train(const TrainRequest& request) override {
        Call call{&request};
        std::unique_lock lock(mutex_);
        arrived_.push_back(&call);
        if (working_) alarm_.ring();
        while (!call.result && !call.error) {
            if (working_) {
                changed_.wait(lock);
                continue;
            }
            working_ = true;
            lock.unlock();
            const auto error = worked();
            lock.lock();
            for (auto& [one, result] : done_) one->result = std::move(result);
            done_.clear();
            if (error) give_up(error);
            working_ = false;
            changed_.notify_all();
        }
        if (call.error) std::rethrow_exception(call.error);
        return std::move(*call.result);
    }

private:
    // ---- the thread that works: all members but the first four are its own ------------------------------------------

    /// Works until a result is there. Returns what was thrown instead.
    std::exception_ptr worked() {
        try {
            take_first();
            while (done_.empty()) work();
            return nullptr;
        } catch (...) {
            return std::current_exception();
        }
    }

    /// An error that no training is to blame for: all callers get it. Holds the lock.
    void give_up(const std::exception_ptr& error) {
        drop();
        for (auto* list : {&with_program_, &waiting_, &arrived_}) {
            for (auto* call : *list) call->error = error;
            list->clear();
        }
    }

    void work() {
        {
            const std::lock_guard lock(mutex_);
            waiting_.insert(waiting_.end(), arrived_.begin(), arrived_.end());
            arrived_.clear();
        }
        if (settings_.at_once > 1) end_stopped();
        while (!waiting_.empty() && with_program_.size() < settings_.at_once && !must_wait(*waiting_.front())) {
            auto& call = *waiting_.front();
            waiting_.pop_front();
            begin(call);
        }
        if (!done_.empty() || with_program_.empty() || !check()) return;
        if (const auto event = group_->next(talk_tick, settings_.at_once > 1 ? &alarm_ : nullptr)) take(*event);
    }

    /// Trainings that were told to stop before they began.
    void end_stopped() {
        const auto stopped = [](const Call* call) {
            return call->request->stop != nullptr && call->request->stop->load(std::memory_order_relaxed);
        };
        for (auto* call : waiting_) {
            if (!stopped(call)) continue;
            Trained nothing;
            nothing.reached = call->request->from;
            done(*call, std::move(nothing));
        }
        std::erase_if(waiting_, stopped);
    }

    /// It needs the program for itself, or the program is to be replaced first.
    bool must_wait(const Call& call) const {
        if (with_program_.empty()) return false;
        // It failed before, perhaps by the fault of a training beside it, or made those beside it fail.
        const bool alone = call.request->retried || with_program_.front()->request->retried;
        return alone || move_wanted_ || full_;
    }

    void begin(Call& call) {
        const bool only = with_program_.empty();
        if (only && !made_ready(call)) return;
        call.slot = free_slot();
        if (auto failure = put_start(call)) return end(call, std::move(*failure));
        if (auto failure = start(call.request->from)) return end(call, std::move(*failure));
        call.used = std::exchange(used_, true);
        call.talk = std::make_unique<LeaseTalk>(
            Talk{&settings_, group_.get(), &scratch_, ++lease_, call.slot, call.told}, *call.request);
        with_program_.push_back(&call);
        call.company = call.company || !only;
        for (auto* other : with_program_) other->company = call.company || other->company;
        settle(call, call.talk->begin(only), true);
    }

    /// Before the first of several trainings. False: the call has ended.
    bool made_ready(Call& call) {
        if (std::exchange(move_wanted_, false) && !move_scratch()) {
            done(call,
                 TrainFailure{
                     FailureKind::device, std::string(no_room_for_snapshots),
                     fmt::format("no folder has room for snapshots of {:.1f} MiB: {}. Set trainer.scratch "
                                 "to a folder of each node that has room for two of each worker\n{}",
                                 static_cast<double>(largest_) / (1U << 20U), scratch_.places_text(), call.no_room),
                     call.request->from});
            return false;
        }
        replace_if_due();
        return true;
    }

    std::size_t free_slot() const {
        const auto taken = [&](std::size_t slot) {
            return std::ranges::any_of(with_program_, [&](const Call* call) { return call->slot == slot; });
        };
        std::size_t slot = 0;
        while (taken(slot)) ++slot;
        return slot;
    }

    /// Stops, time and memory. False if a training has ended by that.
    bool check() {
        std::uint64_t used = 0;
        if (settings_.memory > 0 && clock_.now() >= memory_next_) {
            memory_next_ = clock_.now() + memory_tick;
            used = group_->memory(settings_.memory);
            full_ = used > settings_.memory / 2;
        }
        for (auto* call : with_program_) {
            auto end = call->talk->check(used);
            if (std::holds_alternative<std::monostate>(end)) continue;
            settle(*call, std::move(end), true);
            return false;
        }
        return true;
    }

    void take(const GroupEvent& event) {
        auto* first = with_program_.front();
        const auto* said = std::get_if<ChildSaid>(&event.event);
        if (settings_.at_once == 1 || said == nullptr) return settle(*first, first->talk->take(event), said == nullptr);
        std::optional<FromChild> message;
        try {
            message = parse_from_child(said->json);
        } catch (const ProtocolError&) {
            return settle(*first, first->talk->take(event), true);
        }
        const auto lease = lease_of(*message);
        const auto at = std::ranges::find_if(with_program_,
                                             [&](const Call* call) { return lease && call->talk->lease() == *lease; });
        if (at == with_program_.end()) return settle(*first, first->talk->hear(0, *message), true);
        settle(**at, (*at)->talk->hear(0, *message), false);
    }

    /// `of_all`: what happened does not tell which training is to blame.
    void settle(Call& call, TalkEnd end, bool of_all) {
        if (auto* trained = std::get_if<Trained>(&end)) return succeed(call, std::move(*trained));
        auto* failed = std::get_if<TalkFailed>(&end);
        if (failed == nullptr) return;
        if (of_all) return fail_all(std::move(*failed));
        fail_one(call, std::move(*failed));
    }

    void succeed(Call& call, Trained trained) {
        std::erase(with_program_, &call);
        largest_ = std::max<std::uint64_t>(largest_, trained.snapshot.bytes());
        // One training of the search, so that not each worker says it.
        const bool first = call.request->member == MemberId{0} && call.request->from == 0;
        if (first && settings_.say && !trained.note.empty()) settings_.say(trained.note);
        if (settings_.restart == ProcessSettings::Restart::each_training) group_->dismiss();
        done(call, std::move(trained));
    }

    /// What the program said of one training. If the program cannot go on, the others start again.
    void fail_one(Call& call, TalkFailed failed) {
        std::erase(with_program_, &call);
        // A process whose device has failed can train no more.
        const bool broken =
            failed.failure.kind == FailureKind::device && !is_users_mistake(failed.failure.kind, failed.failure.type);
        if (broken) failed.failure.kind = FailureKind::broken_program;
        if (broken || !failed.usable) start_again();
        end(call, std::move(failed.failure));
    }

    /// The program has ended or must end.
    void fail_all(TalkFailed failed) {
        const auto said = [](const Call* call) { return call->talk->said(); };
        const auto used = [](const Call* call) { return call->used; };
        // The program was about to end when it was given the leases, like a script that trains once. Not their fault.
        if (failed.unsaid && std::ranges::none_of(with_program_, said) && std::ranges::all_of(with_program_, used))
            return start_again();
        const auto calls = std::exchange(with_program_, {});
        if (calls.size() > 1) {
            if (failed.failure.kind == FailureKind::out_of_memory) failed.failure.kind = FailureKind::exception;
            failed.failure.message = fmt::format(
                "{} trainings were with the program (trainer.at_once), and any may be the cause: each is "
                "tried again alone\n{}",
                calls.size(), failed.failure.message);
        }
        drop();
        for (auto* call : calls) {
            auto failure = failed.failure;
            failure.reached = call->talk->reached();
            end(*call, std::move(failure));
        }
    }

    /// The trainings that are with the program get a new one, from their starts.
    void start_again() {
        for (auto* call : with_program_) call->told = std::max(call->told, call->talk->reached());
        waiting_.insert(waiting_.begin(), with_program_.begin(), with_program_.end());
        with_program_.clear();
        drop();
    }

    /// A training that is not with the program any more has failed.
    void end(Call& call, TrainFailure failure) {
        if (for_want_of_room(failure)) {
            if (call.talk) call.told = std::max(call.told, call.talk->reached());
            call.no_room = failure.message;
            move_wanted_ = true;
            waiting_.push_front(&call);
            return;
        }
        if (failure.kind == FailureKind::out_of_memory && call.company) {
            failure.kind = FailureKind::exception;
            failure.message =
                "beside other trainings (trainer.at_once), so that it is tried again alone: " + failure.message;
        }
        done(call, std::move(failure));
    }

    void done(Call& call, TrainResult result) { done_.emplace_back(&call, std::move(result)); }

    // ---- the program and the folder --------------------------------------------------------------------------------

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

    std::optional<TrainFailure> put_start(const Call& call) {
        const auto& request = *call.request;
        if (request.start == nullptr) return std::nullopt;
        largest_ = std::max<std::uint64_t>(largest_, request.start->bytes());
        try {
            if (scratch_.put_start(*request.start, call.slot)) return std::nullopt;
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
        used_ = full_ = false;
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

    std::mutex mutex_;  ///< guards the next three
    std::condition_variable changed_;
    std::deque<Call*> arrived_;
    bool working_ = false;  ///< a caller works for all

    Alarm alarm_;  ///< rung for the thread that works
    ProcessSettings settings_;
    std::shared_ptr<ChildStarter> starter_;
    Scratch scratch_;
    std::shared_ptr<FirstProgram> first_;  ///< holds the program until the first lease
    std::unique_ptr<ChildGroup> group_;
    bool used_ = false;               ///< it was given a lease
    bool full_ = false;               ///< it uses more than half of its memory
    std::deque<Call*> waiting_;       ///< for the program, in order
    std::deque<Call*> with_program_;  ///< in the order in which they were given
    std::vector<std::pair<Call*, TrainResult>> done_;
    bool move_wanted_ = false;  ///< to a folder with more room, when no training is with the program
    std::uint64_t lease_ = 0;
    std::uint64_t largest_ = 0;  ///< largest snapshot so far, bytes
    AttentiveClock clock_;
    double memory_next_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_process_trainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter,
                                              const std::shared_ptr<FirstProgram>& first) {
    return std::make_unique<ProcessTrainer>(std::move(settings), std::move(starter), first);
}

}  // namespace stemma
