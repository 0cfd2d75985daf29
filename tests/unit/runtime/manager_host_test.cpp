// Rank 0's loop with real workers in threads: loopback transport, toy trainer, a journal in memory.
#include "runtime/manager_host.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <set>
#include <thread>

#include "core/error.hpp"
#include "record/memory_journal.hpp"
#include "runtime/replay.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/random_search.hpp"
#include "support/errors.hpp"
#include "trainer/toy/toy_trainer.hpp"
#include "transport/loopback.hpp"
#include "transport/packing.hpp"
#include "unit/worker/fakes.hpp"
#include "worker/worker_host.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t run_id = 11;

std::shared_ptr<const SearchSpace> space() {
    std::vector<Parameter> parameters(1);
    parameters[0].name = "lr";
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    static const auto made = std::make_shared<const SearchSpace>(parameters);
    return made;
}

Manager make_manager(ManagerSettings settings) {
    AshaSettings asha;
    asha.max = 9;
    return {std::move(settings), *space(), make_asha(asha), make_random_sampler(space(), 1)};
}

/// One start with `workers` threads.
HostResult incarnation(Manager& manager, record::MemoryJournal& journal, int workers, HostSettings host = {},
                       double seconds_per_unit = 0, std::chrono::milliseconds last_is_late = {},
                       HostObserver* observer = nullptr) {
    auto endpoints = make_loopback(workers + 1);
    testing::FilesInMemory files;
    std::vector<std::jthread> threads;
    for (int rank = 1; rank <= workers; ++rank) {
        threads.emplace_back([&, rank] {
            if (rank == workers) std::this_thread::sleep_for(last_is_late);
            ToySettings toy;
            toy.seconds_per_unit = seconds_per_unit;
            const auto trainer = make_toy_trainer(toy, space());
            const WorkerHostSettings settings{run_id, {}, "here", "cpu", 1 << 20, 1};
            run_worker(*endpoints[static_cast<std::size_t>(rank)], *trainer, space(), settings, files);
        });
    }
    host.run_id = run_id;
    HostObserver nobody;
    return ManagerHost(*endpoints[0], manager, journal, &files, nullptr, observer != nullptr ? *observer : nobody,
                       std::move(host))
        .run();
}

ReplayResult replayed(Manager& manager, const record::MemoryJournal& journal, bool fit_again = false) {
    const auto each = [&](const std::function<void(const record::Entry&)>& use) {
        for (const auto& entry : journal.committed()) use(entry);
    };
    return replay(manager, each, fit_again);
}

TEST(ManagerHost, AStopThatWaitsEndsTheSearchBeforeItTrains) {
    auto manager = make_manager({.budget = {.members = 20}});
    record::MemoryJournal journal;
    HostSettings host;
    host.waiting.push_back({.body = input::StopRequested{StopReason::user}});

    const auto result = incarnation(manager, journal, 2, std::move(host));

    EXPECT_EQ(result.reason, EndReason::stopped);
    EXPECT_EQ(result.stopped_by, StopReason::user);
    EXPECT_EQ(manager.member_count(), 0U);
}

TEST(ManagerHost, BudgetsThatWaitAddUpAndWhatResumeIsGivenComesLast) {
    auto manager = make_manager({.budget = {.members = 20, .reports = 300}});
    record::MemoryJournal journal;
    HostSettings host;
    host.waiting.push_back({.body = BudgetRequest{.members = 5}});
    host.waiting.push_back({.body = BudgetRequest{.reports = 200}});
    host.limits = BudgetRequest{.members = 7};

    incarnation(manager, journal, 2, std::move(host));

    EXPECT_EQ(manager.member_count(), 7U);
    EXPECT_EQ(manager.budget().reports, 200U);
}

TEST(ManagerHost, AUsersStopCountsAfterATimeLimitToo) {
    auto manager = make_manager({.budget = {.members = 1000}});
    record::MemoryJournal journal;
    HostSettings host;
    host.first = {input::StopRequested{StopReason::time_limit}, input::StopRequested{StopReason::user}};

    EXPECT_EQ(incarnation(manager, journal, 1, std::move(host)).stopped_by, StopReason::user);
}

TEST(ManagerHost, ASearchRunsToItsBudgetAndReplays) {
    for (const int workers : {1, 2, 3}) {
        const ManagerSettings settings{.budget = {.members = 20}};
        auto manager = make_manager(settings);
        record::MemoryJournal journal;
        const auto result = incarnation(manager, journal, workers);

        EXPECT_EQ(result.reason, EndReason::budget_members);
        EXPECT_FALSE(result.workers_lost);
        EXPECT_EQ(manager.totals().members, 20U);
        auto fresh = make_manager(settings);
        const auto again = replayed(fresh, journal);
        EXPECT_FALSE(again.mismatch.has_value());
        EXPECT_EQ(again.inputs, journal.committed().size());
        EXPECT_EQ(fresh.totals().resource, manager.totals().resource);
    }
}

TEST(ManagerHost, AWorkerThatStartsAfterTheEndIsSentHome) {
    auto manager = make_manager({.budget = {.members = 5}});
    record::MemoryJournal journal;
    const auto result = incarnation(manager, journal, 2, {}, 0, std::chrono::milliseconds(500));
    EXPECT_EQ(result.reason, EndReason::budget_members);
    EXPECT_FALSE(result.workers_lost) << "it waited for the late one, to send it home";
}

TEST(ManagerHost, AStoppedSearchGoesOnWhereItWas) {
    // Enough members for seconds of training: requests are read every tenth of a second.
    const ManagerSettings settings{.budget = {.members = 1000}};
    auto manager = make_manager(settings);
    record::MemoryJournal journal;
    HostSettings host;
    host.stop_request = [&]() -> std::optional<StopReason> {
        return manager.totals().reports >= 5 ? std::optional(StopReason::signal) : std::nullopt;
    };
    const auto first = incarnation(manager, journal, 2, host, 0.002);
    ASSERT_EQ(first.reason, EndReason::stopped);
    EXPECT_EQ(first.stopped_by, StopReason::signal);
    const auto before = manager.totals();
    ASSERT_LT(before.members, 1000U);

    auto resumed = make_manager(settings);
    const auto replay = replayed(resumed, journal);
    ASSERT_FALSE(replay.mismatch.has_value());
    EXPECT_EQ(resumed.totals().reports, before.reports);
    host = {};
    host.incarnation = replay.incarnations;
    host.next_sequence = replay.inputs;
    host.time_before = replay.last_time;
    const auto second = incarnation(resumed, journal, 3, host);
    EXPECT_EQ(second.reason, EndReason::budget_members);
    EXPECT_EQ(resumed.totals().members, 1000U);
    EXPECT_GE(second.time, first.time);

    auto fresh = make_manager(settings);
    EXPECT_FALSE(replayed(fresh, journal).mismatch.has_value());
}

TEST(ManagerHost, AWorkerThatNeverComesIsLostAndTheOthersGoOn) {
    auto manager = make_manager({.budget = {.members = 10}});
    record::MemoryJournal journal;
    auto endpoints = make_loopback(3);  // rank 2 stays silent
    testing::FilesInMemory files;
    std::jthread worker([&] {
        ToySettings toy;
        toy.seconds_per_unit = 0.1;  // the search outlives the patience with rank 2
        const auto trainer = make_toy_trainer(toy, space());
        const WorkerHostSettings settings{run_id, {}, "here", "cpu", 1 << 20, 1};
        run_worker(*endpoints[1], *trainer, space(), settings, files);
    });
    HostSettings host;
    host.run_id = run_id;
    host.join_timeout = 1;  // the other one says hello sooner, on a busy machine too
    HostObserver nobody;
    const auto result = ManagerHost(*endpoints[0], manager, journal, &files, nullptr, nobody, host).run();

    EXPECT_EQ(result.reason, EndReason::budget_members);
    EXPECT_TRUE(result.workers_lost);
    EXPECT_EQ(manager.totals().members, 10U);
}

/// A rank whose messages the test writes itself.
class PlayedWorker {
public:
    explicit PlayedWorker(Endpoint& endpoint) : endpoint_(endpoint), packer_(endpoint, 0, run_id), unpacker_(run_id) {}
    void say(const message::ToManager& message) {
        packer_.add(message);
        packer_.flush();
    }
    /// All messages so far, oldest first.
    std::vector<message::ToWorker> hear() {
        std::vector<message::ToWorker> heard;
        while (auto arrival = endpoint_.poll()) {
            if (auto* block = std::get_if<FramesArrived>(&*arrival)) {
                for (std::span<const std::byte> rest = block->frames; !rest.empty();)
                    heard.push_back(unpacker_.next_to_worker(rest));
            }
        }
        return heard;
    }

private:
    Endpoint& endpoint_;
    FramePacker packer_;
    FrameUnpacker unpacker_;
};

TEST(ManagerHost, AWorkerThatWasTakenForDeadIsSentHomeWhenItSpeaksAgain) {
    auto manager = make_manager({.budget = {.members = 10}});
    record::MemoryJournal journal;
    auto endpoints = make_loopback(3);
    testing::FilesInMemory files;
    ToySettings toy;
    toy.seconds_per_unit = 0.05;
    const auto trainer = make_toy_trainer(toy, space());
    const WorkerHostSettings settings{run_id, {.heartbeat = 0.1}, "here", "cpu", 1 << 20, 1};
    std::jthread worker([&] { run_worker(*endpoints[1], *trainer, space(), settings, files); });

    // Rank 2 says hello, is silent until it is taken for dead, and then sends a message again.
    PlayedWorker frozen(*endpoints[2]);
    struct Watch : HostObserver {
        PlayedWorker* frozen = nullptr;
        bool lost = false;
        std::vector<message::ToWorker> heard;
        void on_entry(const Input& input, std::span<const Effect>, const Manager&) override {
            if (!std::holds_alternative<input::WorkerLost>(input.body) || std::exchange(lost, true)) return;
            frozen->say(message::Heartbeat{});
        }
        void on_tick(const Manager&, double) override {
            for (auto& message : frozen->hear()) heard.push_back(std::move(message));
        }
    } watch;
    watch.frozen = &frozen;
    frozen.say(message::Hello{});
    HostSettings host;
    host.run_id = run_id;
    host.heartbeat_timeout = 1;
    const auto result = ManagerHost(*endpoints[0], manager, journal, &files, nullptr, watch, std::move(host)).run();

    EXPECT_TRUE(watch.lost);
    EXPECT_TRUE(result.workers_lost);
    EXPECT_EQ(manager.totals().members, 10U) << "worker 1 did everything";
    for (auto& message : frozen.hear()) watch.heard.push_back(std::move(message));
    ASSERT_FALSE(watch.heard.empty());
    EXPECT_TRUE(std::ranges::any_of(
        watch.heard, [](const auto& message) { return std::holds_alternative<message::Dismiss>(message); }));
}

/// Rank 0's endpoint after the rank was suspended. The wall clock has moved on by an hour. What has arrived meanwhile
/// is delivered only after some looks that find nothing.
class SuspendedEndpoint final : public Endpoint {
public:
    SuspendedEndpoint(Endpoint& inner, std::set<int> suspensions)
        : inner_(inner), suspensions_(std::move(suspensions)) {}
    int rank() const override { return inner_.rank(); }
    int size() const override { return inner_.size(); }
    void send(int to, Bytes frames) override { inner_.send(to, std::move(frames)); }
    void send_bulk(int, TransferId, std::shared_ptr<const Bytes>) override { FAIL() << "not of rank 0"; }
    void receive_bulk(int, TransferId, std::uint64_t) override { FAIL() << "not of rank 0"; }
    void abandon_bulk(TransferId) override { FAIL() << "not of rank 0"; }
    std::optional<Arrival> poll() override {
        if (suspensions_.contains(++polls_)) {
            elsewhere_ += 3600;
            withheld_ = 20;
        }
        if (withheld_ > 0) {
            --withheld_;
            return std::nullopt;
        }
        return inner_.poll();
    }
    bool moving() const override { return inner_.moving(); }
    bool idle() const override { return inner_.idle(); }
    Wakeup& wakeup() override { return inner_.wakeup(); }
    bool all_wake() const override { return inner_.all_wake(); }

    AttentiveClock::Source clock() const {
        return [this] {
            const auto since = std::chrono::steady_clock::now().time_since_epoch();
            return elsewhere_ + std::chrono::duration<double>(since).count();
        };
    }
    double elsewhere() const { return elsewhere_; }

private:
    Endpoint& inner_;
    std::set<int> suspensions_;
    int polls_ = 0;
    int withheld_ = 0;
    double elsewhere_ = 0;
};

TEST(ManagerHost, ARankZeroThatWasSuspendedBlamesNobody) {
    const ManagerSettings settings{.budget = {.members = 60, .seconds = 1800}, .lease_timeout = 60};
    auto manager = make_manager(settings);
    record::MemoryJournal journal;
    auto endpoints = make_loopback(3);
    testing::FilesInMemory files;
    ToySettings toy;
    toy.seconds_per_unit = 0.01;
    std::vector<std::jthread> workers;
    for (const std::size_t rank : {1, 2}) {
        workers.emplace_back([&, rank] {
            const auto trainer = make_toy_trainer(toy, space());
            const WorkerHostSettings host{run_id, {.heartbeat = 0.1}, "here", "cpu", 1 << 20, 1};
            run_worker(*endpoints[rank], *trainer, space(), host, files);
        });
    }
    SuspendedEndpoint rank_zero(*endpoints[0], {5, 30, 31, 50, 70});
    HostSettings host;
    host.run_id = run_id;
    host.heartbeat_timeout = 2;
    host.join_timeout = 60;
    host.clock = rank_zero.clock();
    HostObserver nobody;
    const auto result = ManagerHost(rank_zero, manager, journal, &files, nullptr, nobody, host).run();

    EXPECT_EQ(rank_zero.elsewhere(), 5 * 3600);
    EXPECT_FALSE(result.workers_lost);
    EXPECT_EQ(result.reason, EndReason::budget_members) << "nor does the time count for the budget";
    EXPECT_LT(result.time, 1800);
    for (const auto& entry : journal.committed()) {
        EXPECT_FALSE(std::holds_alternative<input::WorkerLost>(entry.input.body));
        for (const auto& effect : entry.effects) EXPECT_FALSE(std::holds_alternative<effect::Cancel>(effect));
    }
    auto fresh = make_manager(settings);
    EXPECT_FALSE(replayed(fresh, journal).mismatch.has_value());
}

/// Like a disk that hangs: committed entries are not on it until the test releases it.
class HungJournal : public record::MemoryJournal {
public:
    std::function<void()> sync_work() override {
        return [this] {
            ++syncs;
            let_go.wait();
        };
    }
    std::latch let_go{1};
    std::atomic<int> syncs = 0;
};

TEST(ManagerHost, ADiskThatHangsDoesNotHoldUpTheSearch) {
    auto manager = make_manager({.budget = {.members = 20}});
    HungJournal journal;
    struct Watch : HostObserver {
        HungJournal* journal = nullptr;
        int ended_at_syncs = 0;
        void on_entry(const Input&, std::span<const Effect> effects, const Manager&) override {
            for (const auto& effect : effects) {
                if (!std::holds_alternative<effect::Ended>(effect)) continue;
                ended_at_syncs = journal->syncs;
                journal->let_go.count_down();
            }
        }
    } watch;
    watch.journal = &journal;

    const auto result = incarnation(manager, journal, 2, {}, 0.01, {}, &watch);

    EXPECT_EQ(result.reason, EndReason::budget_members);
    EXPECT_LE(watch.ended_at_syncs, 1) << "the first one hung until the search was over";
    EXPECT_EQ(journal.syncs, 2) << "and the end was forced to the disk";
}

TEST(ManagerHost, ADiskThatRefusesEndsTheSearch) {
    class RefusingJournal : public record::MemoryJournal {
    public:
        std::function<void()> sync_work() override {
            return [] { throw UserError("the disk is gone"); };
        }
    };
    auto manager = make_manager({.budget = {.members = 1'000'000}});
    RefusingJournal journal;
    EXPECT_ERROR(incarnation(manager, journal, 2, {}, 0.001), UserError, "the disk is gone");
}

/// Like a disk that is full after some commits.
class FullJournal : public record::MemoryJournal {
public:
    void commit() override {
        if (++commits_ > 5) throw UserError("the disk is full");
        record::MemoryJournal::commit();
    }

private:
    int commits_ = 0;
};

TEST(ManagerHost, AJournalThatCannotBeWrittenSendsTheWorkersHome) {
    auto manager = make_manager({.budget = {.members = 1000}});
    FullJournal journal;

    // The workers' threads are joined inside: it returns only because they left.
    EXPECT_ERROR(incarnation(manager, journal, 3, {}, 0.001), UserError, "the disk is full");
}

TEST(Replay, NamesTheFirstDecisionThatDiffers) {
    const ManagerSettings settings{.budget = {.members = 12}};
    auto manager = make_manager(settings);
    record::MemoryJournal journal;
    incarnation(manager, journal, 2);

    auto other = make_manager({.seed = 1, .budget = {.members = 3}});
    const auto result = replayed(other, journal);
    ASSERT_TRUE(result.mismatch.has_value());
    EXPECT_NE(result.mismatch->recorded, result.mismatch->recomputed);
    EXPECT_LT(result.mismatch->sequence, journal.committed().size());
}

TEST(ManagerHost, ModelsAreFittedBesideTheLoopAndReplayed) {
    const auto with_gp = [] {
        GpSettings gp;
        gp.refit_always = 5;  // few, so that fits are wanted soon
        gp.refit_every = 2;
        gp.fit_elsewhere = true;
        return Manager({.budget = {.members = 40}}, *space(), make_random_search({.max = 1}),
                       make_gp_sampler(space(), 1, gp));
    };
    auto manager = with_gp();
    record::MemoryJournal journal;
    EXPECT_EQ(incarnation(manager, journal, 2, {}, 0.005).reason, EndReason::budget_members);
    std::size_t fitted = 0;
    for (const auto& entry : journal.committed()) {
        if (const auto* model = std::get_if<input::ModelFitted>(&entry.input.body))
            fitted += model->model.empty() ? 0 : 1;
    }
    EXPECT_GT(fitted, 0U);
    auto fresh = with_gp();
    const auto again = replayed(fresh, journal);
    EXPECT_FALSE(again.mismatch.has_value());
    EXPECT_EQ(again.proposals.equal, 40U);
    auto another = with_gp();
    EXPECT_EQ(replayed(another, journal, true).models_equal, fitted);
    EXPECT_EQ(again.proposals.near + again.proposals.different, 0U);
}

/// Explores slightly beside the other sampler, as on another CPU.
class Perturbed : public Sampler {
public:
    Perturbed(std::unique_ptr<Sampler> inner, double relative) : inner_(std::move(inner)), relative_(relative) {}
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        auto configuration = inner_->propose(request);
        if (configuration) std::get<double>((*configuration)[0]) *= 1 + relative_;
        return configuration;
    }
    std::string describe() const override { return "perturbed"; }

private:
    std::unique_ptr<Sampler> inner_;
    double relative_;
};

TEST(Replay, IsExactWhereTheSamplersArithmeticDiffers) {
    const ManagerSettings settings{.budget = {.members = 12}};
    auto manager = make_manager(settings);
    record::MemoryJournal journal;
    incarnation(manager, journal, 2);
    for (const double relative : {1e-9, 1e-3}) {
        AshaSettings asha;
        asha.max = 9;
        Manager other(settings, *space(), make_asha(asha),
                      std::make_unique<Perturbed>(make_random_sampler(space(), 1), relative));
        const auto result = replayed(other, journal);
        EXPECT_FALSE(result.mismatch.has_value()) << "decisions rest on the recorded configurations";
        EXPECT_EQ(result.proposals.near, relative == 1e-9 ? 12U : 0U);
        EXPECT_EQ(result.proposals.different, relative == 1e-3 ? 12U : 0U);
        ASSERT_EQ(other.member_count(), manager.member_count());
        for (std::uint64_t id = 0; id < other.member_count(); ++id) {
            EXPECT_EQ(other.member({id}).configuration[0], manager.member({id}).configuration[0]);
        }
        ASSERT_EQ(result.proposals.first_different.has_value(), relative == 1e-3);
        if (result.proposals.first_different) {
            EXPECT_EQ(result.proposals.first_different->member, MemberId{0});
        }
    }
}

}  // namespace
}  // namespace stemma
