#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <thread>

#include "transport/backoff.hpp"
#include "transport/loopback.hpp"
#include "transport/packing.hpp"
#include "unit/worker/fakes.hpp"
#include "worker/worker_host.hpp"

namespace stemma {
namespace {

using testing::CountingTrainer;
using testing::FilesInMemory;
using Mood = CountingTrainer::Mood;

constexpr std::uint64_t run_id = 7;

/// Rank 0 in the test's thread, workers in threads of their own.
class Bench {
public:
    explicit Bench(int workers, Mood mood = Mood::well, WorkerTiming settings = {}, std::size_t copies_waiting = 100,
                   std::uint32_t at_once = 1)
        : endpoints_(make_loopback(workers + 1)), exits_(static_cast<std::size_t>(workers) + 1) {
        for (int rank = 1; rank <= workers; ++rank) {
            packers_.emplace_back(*endpoints_[0], rank, run_id);
            unpackers_.emplace_back(run_id);
            threads_.emplace_back([this, rank, mood, settings, copies_waiting, at_once] {
                CountingTrainer trainer(mood, at_once);
                const WorkerHostSettings host{.run_id = run_id,
                                              .worker = settings,
                                              .host = "here",
                                              .snapshot_quota = 1 << 20,
                                              .copies_waiting = copies_waiting};
                exits_[static_cast<std::size_t>(rank)] = run_worker(
                    *endpoints_[static_cast<std::size_t>(rank)], trainer, std::make_shared<SearchSpace>(), host, files);
            });
        }
    }
    ~Bench() { leave(); }

    void tell(int rank, const message::ToWorker& message) { packers_[index(rank)].add(message); }

    /// Next message of one kind, from any worker; other messages are kept.
    template <class M>
    std::pair<int, M> next() {
        std::optional<std::pair<int, M>> found;
        IdleBackoff backoff;
        while (!found) {
            for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
                if (auto* m = std::get_if<M>(&it->second)) {
                    found.emplace(it->first, std::move(*m));
                    waiting_.erase(it);
                    return *found;
                }
            }
            for (auto& packer : packers_) packer.flush();
            auto arrival = endpoints_[0]->poll();
            if (!arrival) {
                backoff.wait();
                continue;
            }
            const auto& block = std::get<FramesArrived>(*arrival);
            for (std::span<const std::byte> rest(block.frames); !rest.empty();) {
                waiting_.emplace_back(block.from, unpackers_[index(block.from)].next_to_manager(rest));
            }
        }
        return *found;
    }

    /// Messages of one kind that were kept.
    template <class M>
    std::size_t kept() const {
        return static_cast<std::size_t>(std::count_if(
            waiting_.begin(), waiting_.end(), [](const auto& each) { return std::holds_alternative<M>(each.second); }));
    }

    void leave() {
        if (threads_.empty()) return;
        for (std::size_t i = 0; i < packers_.size(); ++i) {
            packers_[i].add(message::ToWorker(message::Dismiss{}));
            packers_[i].flush();
        }
        threads_.clear();
    }
    WorkerExit exit(int rank) const { return exits_[static_cast<std::size_t>(rank)]; }

    FilesInMemory files;

private:
    static std::size_t index(int rank) { return static_cast<std::size_t>(rank - 1); }
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
    std::vector<WorkerExit> exits_;
    std::vector<FramePacker> packers_;
    std::vector<FrameUnpacker> unpackers_;
    std::vector<std::pair<int, message::ToManager>> waiting_;
    std::vector<std::jthread> threads_;
};

message::Train scratch(std::uint64_t lease, Resource to) {
    message::Train grant;
    grant.lease = {lease};
    grant.member = {lease};
    grant.seed = 3;
    grant.to = to;
    return grant;
}

message::Train continuation(std::uint64_t lease, std::uint64_t member, Resource from, Resource to,
                            message::StartFrom start) {
    auto grant = scratch(lease, to);
    grant.member = {member};
    grant.from = from;
    grant.start = start;
    grant.snapshot = {member};
    return grant;
}

TEST(WorkerHost, IntroducesItselfTrainsAndLeaves) {
    Bench bench(1);
    const auto hello = bench.next<message::Hello>().second;
    bench.tell(1, scratch(0, 2));
    const auto report = bench.next<message::Report>().second;
    bench.leave();

    EXPECT_EQ(hello.host, "here");
    EXPECT_EQ(hello.description, "counting");
    EXPECT_EQ(report.lease, LeaseId{0});
    EXPECT_EQ(report.reached, 2);
    ASSERT_EQ(report.rows.size(), 2U);
    EXPECT_EQ(report.rows[1].values[0], 9);
    EXPECT_GT(report.snapshot_bytes, 8U);
    EXPECT_NO_THROW(bench.next<message::Goodbye>());
    EXPECT_EQ(bench.exit(1), WorkerExit::done);
}

TEST(WorkerHost, ContinuationsAreEqualFromMemoryFromAPeerAndFromDisk) {
    Bench bench(2);
    bench.tell(1, scratch(0, 4));
    const auto in_one_go = bench.next<message::Report>().second;
    bench.tell(1, scratch(1, 2));
    const auto half = bench.next<message::Report>().second;
    bench.tell(1, message::Persist{{1}});
    EXPECT_TRUE(bench.next<message::Persisted>().second.ok);

    bench.tell(1, continuation(2, 1, 2, 4, message::StartFrom::local));
    const auto local = bench.next<message::Report>().second;
    auto grant = continuation(3, 1, 2, 4, message::StartFrom::peer);
    grant.owner = {1};
    grant.transfer = {0};
    grant.bytes = half.snapshot_bytes;
    bench.tell(2, grant);
    bench.tell(1, message::Serve{{0}, {1}, {2}});
    const auto [receiver, received] = bench.next<message::TransferDone>();
    const auto peer = bench.next<message::Report>().second;
    bench.tell(2, continuation(4, 1, 2, 4, message::StartFrom::disk));
    const auto disk = bench.next<message::Report>().second;

    EXPECT_EQ(receiver, 2);
    EXPECT_EQ(received.transfer, TransferId{0});
    for (const auto* report : {&local, &peer, &disk}) {
        EXPECT_EQ(report->rows.back().values, in_one_go.rows.back().values) << "lease " << report->lease.value;
        EXPECT_EQ(report->rows.size(), 2U);
    }
}

TEST(WorkerHost, ASnapshotThatIsNotThereIsAFailureWhereverItShouldHaveBeen) {
    Bench bench(2);
    bench.tell(1, continuation(1, 0, 2, 4, message::StartFrom::local));
    const auto local = bench.next<message::Failure>().second;
    bench.tell(1, continuation(2, 0, 2, 4, message::StartFrom::disk));
    const auto disk = bench.next<message::Failure>().second;
    auto grant = continuation(3, 0, 2, 4, message::StartFrom::peer);
    grant.owner = {1};
    grant.transfer = {0};
    grant.bytes = 100;
    bench.tell(2, grant);
    bench.tell(1, message::Serve{{0}, {0}, {2}});
    const auto peer = bench.next<message::Failure>().second;
    bench.tell(1, message::Persist{{99}});

    for (const auto* failure : {&local, &disk, &peer}) EXPECT_EQ(failure->kind, FailureKind::snapshot_unavailable);
    EXPECT_THAT(disk.message, ::testing::HasSubstr("snapshots/0"));
    EXPECT_FALSE(bench.next<message::Persisted>().second.ok);
}

TEST(WorkerHost, AFullDiskIsToldNotFatal) {
    Bench bench(1);
    bench.files.full = true;
    bench.tell(1, scratch(0, 1));
    bench.next<message::Report>();
    bench.tell(1, message::Persist{{0}});
    const auto persisted = bench.next<message::Persisted>().second;

    EXPECT_FALSE(persisted.ok);
    EXPECT_THAT(persisted.message, ::testing::HasSubstr("disk full"));
}

TEST(WorkerHost, TrainingWaitsForADiskThatDoesNotKeepUp) {
    Bench bench(1, Mood::well, {}, 2);
    bench.files.held = true;
    for (std::uint64_t lease = 0; lease < 3; ++lease) {
        bench.tell(1, scratch(lease, 1));
        bench.next<message::Report>();
        bench.tell(1, message::Persist{{lease}});
    }
    for (std::uint64_t lease = 3; lease < 20; ++lease) {
        bench.tell(1, scratch(lease, 1));
        bench.tell(1, message::Persist{{999}});
        EXPECT_FALSE(bench.next<message::Persisted>().second.ok) << "the worker answers meanwhile";
    }
    EXPECT_EQ(bench.kept<message::Report>(), 0U) << "three copies are to be written";
    bench.files.release();
    for (int copy = 0; copy < 3; ++copy) EXPECT_TRUE(bench.next<message::Persisted>().second.ok);
    for (std::uint64_t lease = 3; lease < 20; ++lease) {
        EXPECT_EQ(bench.next<message::Report>().second.lease, LeaseId{lease});
    }
}

TEST(WorkerHost, ClassifiesWhatATrainerThrows) {
    const auto failure_of = [](Mood mood) {
        Bench bench(1, mood);
        bench.tell(1, scratch(0, 1));
        return bench.next<message::Failure>().second;
    };
    const auto memory = failure_of(Mood::out_of_memory);
    EXPECT_EQ(memory.kind, FailureKind::out_of_memory);
    EXPECT_EQ(memory.type, "std::bad_alloc");
    const auto exception = failure_of(Mood::throws);
    EXPECT_EQ(exception.kind, FailureKind::exception);
    EXPECT_EQ(exception.type, "std::runtime_error");
    EXPECT_EQ(exception.message, "the fan broke");
    EXPECT_EQ(failure_of(Mood::throws_number).type, "unknown");
    const auto nonfinite = failure_of(Mood::fails);
    EXPECT_EQ(nonfinite.kind, FailureKind::nonfinite);
    EXPECT_EQ(nonfinite.message.size(), message_text_max);
    for (const auto& [mood, message] : {std::pair{Mood::goes_too_far, "was to train from 0 to 1"},
                                        std::pair{Mood::tells_nothing, "last row of metrics"},
                                        std::pair{Mood::tells_too_little, "a row has 0 metrics"}}) {
        const auto unfit = failure_of(mood);
        EXPECT_EQ(unfit.kind, FailureKind::exception);
        EXPECT_NE(unfit.message.find(message), std::string::npos) << unfit.message;
    }
}

TEST(WorkerHost, ACanceledLeaseReportsWhatIsThereAndOneThatWaitsNothing) {
    Bench bench(1, Mood::until_stopped, {.progress_interval = 0});
    bench.tell(1, scratch(0, 1'000'000));
    bench.tell(1, scratch(1, 1'000'000));
    bench.next<message::Progress>();
    bench.tell(1, message::Cancel{{1}});
    bench.tell(1, message::Cancel{{0}});
    const auto first = bench.next<message::Report>().second;
    const auto second = bench.next<message::Report>().second;

    EXPECT_EQ(first.lease, LeaseId{0});
    EXPECT_GE(first.reached, 1);
    EXPECT_EQ(first.rows.back().resource, first.reached);
    EXPECT_EQ(second.lease, LeaseId{1});
    EXPECT_EQ(second.reached, 0);
    EXPECT_TRUE(second.rows.empty());
}

TEST(WorkerHost, TrainsAsManyAtOnceAsTheTrainerTakesAndStopsEachByItself) {
    Bench bench(1, Mood::until_stopped, {.progress_interval = 0}, 100, 3);
    for (std::uint64_t lease = 0; lease < 4; ++lease) bench.tell(1, scratch(lease, 1'000'000));
    std::set<LeaseId> training;
    while (training.size() < 3) training.insert(bench.next<message::Progress>().second.lease);
    EXPECT_EQ(training, (std::set<LeaseId>{{0}, {1}, {2}}));

    bench.tell(1, message::Cancel{{1}});
    EXPECT_EQ(bench.next<message::Report>().second.lease, LeaseId{1});
    while (training.size() < 4) training.insert(bench.next<message::Progress>().second.lease);
    EXPECT_EQ(bench.kept<message::Report>(), 0U) << "the others go on";
}

TEST(WorkerHost, ProgressSaysHowManyRowsCameBefore) {
    Bench bench(1, Mood::until_stopped, {.heartbeat = 0, .progress_interval = 0});
    bench.tell(1, scratch(5, 1'000'000));
    for (std::uint64_t number = 0; number < 5; ++number) {
        const auto progress = bench.next<message::Progress>().second;
        EXPECT_EQ(progress.number, number);
        EXPECT_EQ(progress.row.resource, number + 1);
    }
}

TEST(WorkerHost, HeartbeatsTellWhatIsInTraining) {
    Bench bench(1, Mood::until_stopped, {.heartbeat = 0, .progress_interval = 0});
    bench.tell(1, scratch(5, 1'000'000));
    bench.next<message::Progress>();
    message::Heartbeat beat;
    while (!beat.lease.exists()) beat = bench.next<message::Heartbeat>().second;

    EXPECT_EQ(beat.lease, LeaseId{5});
}

TEST(WorkerHost, WorksThroughManyLeasesAhead) {
    constexpr std::uint64_t leases = 20'000;
    Bench bench(3);
    std::uint64_t granted = 0;
    std::vector<bool> seen(leases);
    for (; granted < 192; ++granted) bench.tell(static_cast<int>(granted % 3) + 1, scratch(granted, 1));
    for (std::uint64_t i = 0; i < leases; ++i) {
        const auto [rank, report] = bench.next<message::Report>();
        ASSERT_FALSE(seen[report.lease.value]);
        seen[report.lease.value] = true;
        bench.tell(rank, message::Drop{snapshot_of(report.lease)});
        if (granted < leases) bench.tell(rank, scratch(granted++, 1));
    }
    EXPECT_EQ(granted, leases);
}

TEST(WorkerHost, ASilentManagerIsLeft) {
    auto endpoints = make_loopback(2);
    CountingTrainer trainer;
    FilesInMemory files;
    WorkerHostSettings settings;
    settings.run_id = run_id;
    settings.worker.manager_timeout = 0.01;

    EXPECT_EQ(run_worker(*endpoints[1], trainer, std::make_shared<SearchSpace>(), settings, files),
              WorkerExit::manager_lost);
}

/// Its process was suspended (the wall clock moves on by an hour): the manager may have sent messages all the time.
TEST(WorkerHost, AWorkerThatWasSuspendedDoesNotBlameTheManager) {
    auto endpoints = make_loopback(2);
    std::atomic<double> elsewhere = 0;
    WorkerHostSettings settings;
    settings.run_id = run_id;
    settings.worker.manager_timeout = 60;
    settings.worker.heartbeat = 0.01;
    settings.clock = [&] {
        const auto since = std::chrono::steady_clock::now().time_since_epoch();
        return elsewhere + std::chrono::duration<double>(since).count();
    };
    WorkerExit exit = WorkerExit::manager_lost;
    std::atomic<bool> left = false;
    std::jthread worker([&] {
        CountingTrainer trainer;
        FilesInMemory files;
        exit = run_worker(*endpoints[1], trainer, std::make_shared<SearchSpace>(), settings, files);
        left = true;
    });
    FramePacker packer(*endpoints[0], 1, run_id);
    FrameUnpacker unpacker(run_id);
    const auto signs_of_life = [&](int wanted) {
        IdleBackoff backoff;
        while (wanted > 0 && !left) {
            auto arrival = endpoints[0]->poll();
            if (!arrival) {
                backoff.wait();
                continue;
            }
            const auto& block = std::get<FramesArrived>(*arrival);
            for (std::span<const std::byte> rest(block.frames); !rest.empty();) {
                const auto message = unpacker.next_to_manager(rest);
                if (std::holds_alternative<message::Heartbeat>(message)) --wanted;
                ASSERT_FALSE(std::holds_alternative<message::Goodbye>(message));
            }
        }
    };
    for (int suspended = 0; suspended < 3; ++suspended) {
        signs_of_life(2);
        elsewhere = elsewhere + 3600;
    }
    signs_of_life(2);
    packer.add(message::ToWorker(message::Dismiss{}));
    packer.flush();
    worker.join();
    EXPECT_EQ(exit, WorkerExit::done);
}

}  // namespace
}  // namespace stemma
