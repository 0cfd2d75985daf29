// For which trainers workers.trainings_ahead = "auto" gives trainings out in advance.
#include "app/registry.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

std::uint32_t ahead(const Job& job) { return manager_settings(job).leases_ahead; }

/// `trainer`: what stands in [trainer].
Job program_job(const std::string& trainer) {
    return parse(torch_head + trainer +
                 "metrics = [\"valid_loss\"]\n[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1.0\n");
}

TEST(TrainingsAhead, AutoIsMeasuredWhereWorkersTrain) {
    EXPECT_EQ(ahead(parse(toy_job)), leases_ahead_auto);
    EXPECT_EQ(ahead(program_job("type = \"process\"\ncommand = [\"train\"]\n")), leases_ahead_auto);
}

TEST(TrainingsAhead, AutoIsNoneWhereEachTrainingStartsAProgram) {
    EXPECT_EQ(ahead(program_job("type = \"process\"\ncommand = [\"train\"]\nrestart = \"each training\"\n")), 0U);
    EXPECT_EQ(ahead(program_job("type = \"process\"\ncommand = [\"train\", \"--lr={lr}\"]\n")), 0U);
    EXPECT_EQ(ahead(program_job("type = \"ask\"\n")), 0U) << "trainings are asked for";
}

TEST(TrainingsAhead, AProgramThatTakesSeveralAtTheSameTimeGetsAsMany) {
    const std::string stacked = "type = \"process\"\ncommand = [\"train\"]\nat_once = 16\n";
    EXPECT_EQ(ahead(program_job(stacked)), 15U);
    auto more = program_job(stacked);
    more.workers.trainings_ahead = 20;
    EXPECT_EQ(ahead(more), 20U);
}

TEST(TrainingsAhead, ANumberIsTaken) {
    auto job = program_job("type = \"process\"\ncommand = [\"train\"]\nrestart = \"each training\"\n");
    job.workers.trainings_ahead = 3;
    EXPECT_EQ(ahead(job), 3U);
}

}  // namespace
}  // namespace stemma::job_test
