#include <gtest/gtest.h>

#include "worker/worker.hpp"

namespace stemma {
namespace {

constexpr double heartbeat = 5;

struct Harness {
    Harness() { give(0, WorkerStarted{}); }

    WorkerOutputs give(double time, WorkerInput input) {
        WorkerOutputs out;
        machine.on(time, std::move(input), out);
        return out;
    }
    WorkerOutputs give(WorkerInput input) { return give(0, std::move(input)); }
    void hold(std::uint64_t lease, std::size_t bytes) {
        grant(lease);
        give(TrainingReported{{lease}, 1, 0.5, {{1, {0.25}}}, std::make_shared<Bytes>(bytes)});
    }
    WorkerOutputs grant(std::uint64_t lease, StartFrom start = StartFrom::scratch) {
        GrantLease message;
        message.lease = {lease};
        message.member = {lease};
        message.from = start == StartFrom::scratch ? 0 : 1;
        message.to = 3;
        message.start = start;
        message.snapshot = {100};
        message.owner = {2};
        message.transfer = {7};
        message.bytes = 16;
        return give(ToWorker(message));
    }
    Worker machine{{.heartbeat = heartbeat, .progress_interval = 1, .manager_timeout = 0}};
};

template <class T>
const T* only(const WorkerOutputs& out) {
    return out.size() == 1 ? std::get_if<T>(out.data()) : nullptr;
}
template <class M>
const M* only_said(const WorkerOutputs& out) {
    const auto* message = only<ToManager>(out);
    return message != nullptr ? std::get_if<M>(message) : nullptr;
}

TEST(WorkerMachine, SaysHelloFirst) {
    Worker machine({});
    WorkerOutputs out;
    Hello hello;
    hello.host = "node7";
    machine.on(0, WorkerStarted{hello}, out);

    ASSERT_NE(only_said<Hello>(out), nullptr);
    EXPECT_EQ(only_said<Hello>(out)->host, "node7");
}

TEST(WorkerMachine, HandsOverEveryReadyLeaseAtOnce) {
    Harness h;

    EXPECT_NE(only<StartTraining>(h.grant(1)), nullptr);
    EXPECT_NE(only<StartTraining>(h.grant(2)), nullptr);
    EXPECT_TRUE(h.grant(2).empty()) << "a lease that it has already";
    EXPECT_EQ(h.machine.leases(), 2U);
}

TEST(WorkerMachine, AReportCarriesTheEncodedSizeAndTheSnapshotIsKept) {
    Harness h;
    h.grant(1);
    const auto out = h.give(TrainingReported{{1}, 3, 0.5, {{3, {0.25}}}, std::make_shared<Bytes>(40)});

    const auto* report = only_said<Report>(out);
    ASSERT_NE(report, nullptr);
    EXPECT_EQ(report->reached, 3);
    EXPECT_EQ(report->snapshot_bytes, 40U);
    EXPECT_EQ(h.machine.snapshot_bytes(), 40U);
    EXPECT_EQ(h.machine.leases(), 0U);
    h.give(ToWorker(DropSnapshot{{1}}));
    EXPECT_EQ(h.machine.snapshot_bytes(), 0U);
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, AReportWithoutSnapshotSaysZeroBytes) {
    Harness h;
    h.grant(1);
    const auto out = h.give(TrainingReported{{1}, 3, 0.5, {{3, {0.25}}}, nullptr});

    EXPECT_EQ(only_said<Report>(out)->snapshot_bytes, 0U);
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, ThinsTheRowsOfALongReportButKeepsTheLast) {
    Harness h;
    h.grant(1);
    std::vector<MetricRow> rows;
    for (Resource r = 1; r <= 100'000; ++r) rows.push_back({r, {1.0, 2.0}});
    const auto out = h.give(TrainingReported{{1}, 100'000, 0.5, rows, nullptr});

    const auto* report = only_said<Report>(out);
    ASSERT_NE(report, nullptr);
    EXPECT_GT(report->rows.size(), 1000U);
    EXPECT_EQ(report->rows.back().resource, 100'000);
    Bytes frame;
    encode(ToManager(*report), {}, frame);
    EXPECT_LE(frame.size(), frame_bytes_max);
}

TEST(WorkerMachine, StartsFromMemory) {
    Harness h;
    h.hold(100, 16);
    const auto out = h.grant(1, StartFrom::local);

    ASSERT_NE(only<StartTraining>(out), nullptr);
    EXPECT_EQ(only<StartTraining>(out)->start->size(), 16U);
}

TEST(WorkerMachine, StartsFromAPeerWhenTheSnapshotHasCome) {
    Harness h;
    const auto asked = h.grant(1, StartFrom::peer);
    const auto ready = h.grant(2);
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});

    ASSERT_NE(only<ReceiveBulk>(asked), nullptr);
    EXPECT_EQ(only<ReceiveBulk>(asked)->from, 2);
    EXPECT_NE(only<StartTraining>(ready), nullptr) << "a lease that is ready does not wait behind one that is not";
    ASSERT_EQ(came.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<TransferReceived>(std::get<ToManager>(came[0])));
    EXPECT_EQ(std::get<StartTraining>(came[1]).lease, LeaseId{1});
    EXPECT_EQ(h.machine.snapshot_bytes(), 16U);
}

TEST(WorkerMachine, FailsALeaseWhoseSnapshotDoesNotCome) {
    const auto failed = [](const WorkerOutputs& out) {
        const auto* message = std::get_if<ToManager>(&out.back());
        const auto* failure = message != nullptr ? std::get_if<Failure>(message) : nullptr;
        return failure != nullptr && failure->kind == FailureKind::snapshot_unavailable && failure->lease == LeaseId{1};
    };
    Harness empty;
    empty.grant(1, StartFrom::peer);
    EXPECT_TRUE(failed(empty.give(BulkArrived{{7}, Bytes()})));
    Harness abandoned;
    abandoned.grant(1, StartFrom::peer);
    const auto out = abandoned.give(ToWorker(AbandonTransfer{{7}}));
    EXPECT_TRUE(std::holds_alternative<AbandonBulk>(out.front()));
    EXPECT_TRUE(failed(out));
    Harness gone;
    gone.grant(1, StartFrom::peer);
    EXPECT_TRUE(failed(gone.give(PeerGone{2})));
    Harness local;
    EXPECT_TRUE(failed(local.grant(1, StartFrom::local)));
}

TEST(WorkerMachine, ACancelBeforeTheSnapshotCameReportsNothingTrainedAndKeepsTheSnapshot) {
    Harness h;
    h.grant(1, StartFrom::peer);
    const auto cancelled = h.give(ToWorker(CancelLease{{1}}));
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});

    ASSERT_NE(only_said<Report>(cancelled), nullptr);
    EXPECT_EQ(only_said<Report>(cancelled)->reached, 1);
    EXPECT_TRUE(only_said<Report>(cancelled)->rows.empty());
    EXPECT_NE(only_said<TransferReceived>(came), nullptr);
    EXPECT_EQ(h.machine.snapshots(), 1U);
}

TEST(WorkerMachine, ServesWhatItHasAndZeroBytesOtherwise) {
    Harness h;
    h.hold(1, 16);
    const auto held = h.give(ToWorker(ServeSnapshot{{3}, {1}, {2}}));
    const auto missing = h.give(ToWorker(ServeSnapshot{{4}, {55}, {2}}));

    ASSERT_NE(only<SendBulk>(held), nullptr);
    EXPECT_EQ(only<SendBulk>(held)->to, 2);
    EXPECT_EQ(only<SendBulk>(held)->content->size(), 16U);
    ASSERT_NE(only<SendBulk>(missing), nullptr);
    EXPECT_TRUE(only<SendBulk>(missing)->content->empty());
}

TEST(WorkerMachine, KeepsASecondCopyThatNoLeaseWaitsFor) {
    Harness h;
    const auto asked = h.give(ToWorker(FetchSnapshot{{7}, {5}, {3}, 4, {2}, 16}));
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});
    const auto served = h.give(ToWorker(ServeSnapshot{{8}, {5}, {3}}));

    ASSERT_NE(only<ReceiveBulk>(asked), nullptr);
    EXPECT_EQ(only<ReceiveBulk>(asked)->from, 2);
    EXPECT_EQ(only<ReceiveBulk>(asked)->bytes, 16U);
    ASSERT_NE(only_said<TransferReceived>(came), nullptr);
    EXPECT_EQ(only_said<TransferReceived>(came)->transfer, TransferId{7});
    EXPECT_EQ(h.machine.snapshot_bytes(), 16U);
    ASSERT_NE(only<SendBulk>(served), nullptr) << "it is as good as the original";
    EXPECT_EQ(only<SendBulk>(served)->content->size(), 16U);
}

TEST(WorkerMachine, ASecondCopyThatDoesNotComeIsTold) {
    Harness h;
    h.give(ToWorker(FetchSnapshot{{7}, {5}, {3}, 4, {2}, 16}));
    const auto came = h.give(BulkArrived{{7}, Bytes()});

    ASSERT_NE(only_said<TransferEmpty>(came), nullptr);
    EXPECT_EQ(only_said<TransferEmpty>(came)->transfer, TransferId{7});
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, AnAbandonedSecondCopyIsForgottenWithoutAWord) {
    Harness h;
    h.give(ToWorker(FetchSnapshot{{7}, {5}, {3}, 4, {2}, 16}));
    const auto out = h.give(ToWorker(AbandonTransfer{{7}}));

    ASSERT_EQ(out.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<AbandonBulk>(out.front()));
    EXPECT_TRUE(h.give(BulkArrived{{7}, Bytes(16, std::byte{0})}).empty());
}

TEST(WorkerMachine, AnAbandonedSendIsForgottenOnce) {
    Harness h;
    h.hold(1, 16);
    h.give(ToWorker(ServeSnapshot{{3}, {1}, {2}}));

    EXPECT_NE(only<AbandonBulk>(h.give(ToWorker(AbandonTransfer{{3}}))), nullptr);
    EXPECT_TRUE(h.give(ToWorker(AbandonTransfer{{3}})).empty());
}

TEST(WorkerMachine, BeatsOnlyWhenNothingElseWasSaid) {
    Harness h;

    EXPECT_TRUE(h.give(heartbeat - 1, WorkerTicked{}).empty());
    EXPECT_NE(only_said<Heartbeat>(h.give(heartbeat, WorkerTicked{})), nullptr);
    EXPECT_TRUE(h.give(heartbeat + 1, WorkerTicked{}).empty());
}

TEST(WorkerMachine, AHeartbeatNamesTheLeaseInTrainingAndHowFarItIs) {
    Harness h;
    h.grant(4);
    h.grant(5);
    h.give(TrainingProgressed{{4}, {2, {0.5}}});
    const auto out = h.give(2 * heartbeat, WorkerTicked{});

    ASSERT_NE(only_said<Heartbeat>(out), nullptr);
    EXPECT_EQ(only_said<Heartbeat>(out)->lease, LeaseId{4});
    EXPECT_EQ(only_said<Heartbeat>(out)->reached, 2);
}

TEST(WorkerMachine, ProgressIsRareEnough) {
    Harness h;
    h.grant(1);

    EXPECT_NE(only_said<Progress>(h.give(1, TrainingProgressed{{1}, {1, {0.5}}})), nullptr);
    EXPECT_TRUE(h.give(1.5, TrainingProgressed{{1}, {2, {0.5}}}).empty());
    EXPECT_NE(only_said<Progress>(h.give(2, TrainingProgressed{{1}, {3, {0.5}}})), nullptr);
    EXPECT_TRUE(h.give(9, TrainingProgressed{{77}, {3, {0.5}}}).empty());
}

TEST(WorkerMachine, LeavesWhenWhatItWritesIsWritten) {
    Harness h;
    h.hold(1, 16);
    h.grant(2);
    h.give(ToWorker(PersistSnapshot{{1}}));
    const auto leaving = h.give(ToWorker(Leave{true}));
    const auto late = h.give(TrainingReported{{2}, 3, 0.5, {}, nullptr});
    const auto written = h.give(PersistEnded{{1}, true, {}});

    EXPECT_NE(only<StopTraining>(leaving), nullptr);
    EXPECT_TRUE(late.empty()) << "a lease that was given up";
    ASSERT_EQ(written.size(), 3U);
    EXPECT_TRUE(std::holds_alternative<Persisted>(std::get<ToManager>(written[0])));
    EXPECT_TRUE(std::holds_alternative<Goodbye>(std::get<ToManager>(written[1])));
    EXPECT_TRUE(std::get<WorkerLeft>(written[2]).peers_lost);
    EXPECT_TRUE(h.machine.left());
}

TEST(WorkerMachine, LeavesASilentOrLostManager) {
    Harness lost;
    EXPECT_TRUE(only<WorkerLeft>(lost.give(PeerGone{0}))->manager_lost);
    Worker silent({.heartbeat = 100, .manager_timeout = 10});
    WorkerOutputs out;
    silent.on(0, WorkerStarted{}, out);
    silent.on(8, ToWorker(Ping{}), out);
    silent.on(17, WorkerTicked{}, out);
    EXPECT_FALSE(silent.left());
    silent.on(19, WorkerTicked{}, out);
    EXPECT_TRUE(silent.left());
}

// Every message and event in every state: nothing throws, no message is about an unknown lease, and the machine still
// leaves in order.
TEST(WorkerMachine, TakesEverythingInEveryState) {
    const auto states = std::vector<void (*)(Harness&)>{
        [](Harness&) {},
        [](Harness& h) { h.hold(1, 16); },
        [](Harness& h) { h.grant(1); },
        [](Harness& h) { h.grant(1, StartFrom::peer); },
        [](Harness& h) {
            h.hold(1, 16);
            h.give(ToWorker(ServeSnapshot{{7}, {1}, {2}}));
            h.give(ToWorker(PersistSnapshot{{1}}));
            h.give(ToWorker(Leave{}));
        },
        [](Harness& h) { h.give(ToWorker(Leave{})); },
    };
    const auto inputs = std::vector<WorkerInput>{ToWorker(GrantLease{}),
                                                 ToWorker(ServeSnapshot{{7}, {1}, {2}}),
                                                 ToWorker(AbandonTransfer{{7}}),
                                                 ToWorker(DropSnapshot{{1}}),
                                                 ToWorker(CancelLease{{1}}),
                                                 ToWorker(CancelLease{{9}}),
                                                 ToWorker(Ping{}),
                                                 TrainingReported{{9}, 1, 0, {}, nullptr},
                                                 TrainingFailed{{9}, {}, 0},
                                                 TrainingProgressed{{9}, {}},
                                                 BulkArrived{{9}, {}},
                                                 BulkSent{{9}},
                                                 BulkSent{{7}},
                                                 PeerGone{5},
                                                 WorkerTicked{},
                                                 ToWorker(Leave{})};
    for (std::size_t s = 0; s < states.size(); ++s) {
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            SCOPED_TRACE("state " + std::to_string(s) + ", input " + std::to_string(i));
            Harness h;
            states[s](h);
            for (const auto& output : h.give(inputs[i])) {
                const auto* message = std::get_if<ToManager>(&output);
                const auto* report = message != nullptr ? std::get_if<Report>(message) : nullptr;
                if (report != nullptr) {
                    EXPECT_EQ(report->lease, LeaseId{1});
                }
            }
            h.give(ToWorker(Leave{}));
            if (s == 4) h.give(PersistEnded{{1}, true, {}});
            EXPECT_TRUE(h.machine.left());
        }
    }
}

}  // namespace
}  // namespace stemma
