#include "platform/slurm_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

// As Slurm 22.05 writes it, of a job with many options. Options that need a site's accounting are added by hand.
constexpr std::string_view many_requests = R"(JobId=21 JobName=my job
   UserId=root(0) GroupId=root(0) MCS_label=N/A
   Priority=4294901752 Nice=7 Account=physics QOS=long
   JobState=RUNNING Reason=None Dependency=(null)
   Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0
   RunTime=00:00:00 TimeLimit=1-02:04:00 TimeMin=N/A
   SubmitTime=2026-11-30T18:18:22 EligibleTime=2026-11-30T18:18:22
   AccrueTime=2026-11-30T18:18:22
   StartTime=2026-11-30T18:18:24 EndTime=2026-12-01T20:22:24 Deadline=N/A
   PreemptEligibleTime=2026-11-30T18:18:24 PreemptTime=None
   SuspendTime=None SecsPreSuspend=0 LastSchedEval=2026-11-30T18:18:24 Scheduler=Backfill
   Partition=batch AllocNode:Sid=localhost:6857
   ReqNodeList=(null) ExcNodeList=n[3-4]
   NodeList=n1
   BatchHost=n1
   NumNodes=1 NumCPUs=2 NumTasks=2 CPUs/Task=1 ReqB:S:C:T=0:0:*:*
   TRES=cpu=2,node=1,billing=2
   Socks/Node=* NtasksPerN:B:S:C=2:0:*:* CoreSpec=*
   MinCPUsNode=2 MinMemoryNode=300M MinTmpDiskNode=3M
   Features=(fast&big) DelayBoot=00:00:00
   Reservation=course
   OverSubscribe=USER Contiguous=1 Licenses=matlab:2 Network=(null)
   Command=/lustre/me/stemma.sbatch
   WorkDir=/lustre/me
   Comment=mine and = yours 
   StdErr=/lustre/me/err%%-21.txt
   StdIn=/dev/null
   StdOut=/lustre/me/my log-21.txt
   Power=
   Switches=1@00:05:00
   MailUser=a@b MailType=END,FAIL
   
)";

/// A job without options except `lines`.
std::string plain(const std::string& lines) {
    return "JobId=1 JobName=j.sh\n   Nice=0 Account=(null) QOS=(null)\n   Requeue=1 Restarts=0 BatchFlag=1 Reboot=0\n"
           "   TimeLimit=00:02:00 TimeMin=N/A\n   NumNodes=1 NumCPUs=1 NumTasks=3 CPUs/Task=1 ReqB:S:C:T=0:0:*:*\n"
           "   Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*\n" +
           lines;
}

std::vector<std::string> words_of(const std::string& lines, const Environment& environment = {}) {
    return sbatch_options(plain(lines), environment).words;
}

TEST(SbatchOptions, EveryOptionThatScontrolShows) {
    const auto options = sbatch_options(many_requests, {});

    EXPECT_THAT(
        options.words,
        testing::UnorderedElementsAre(
            "--job-name=my job", "--account=physics", "--qos=long", "--nice=7", "--time=1-02:04:00",
            "--partition=batch", "--exclude=n[3-4]", "--nodes=1", "--mem=300M", "--tmp=3M", "--constraint=(fast&big)",
            "--reservation=course", "--licenses=matlab:2", "--chdir=/lustre/me", "--comment=mine and = yours",
            "--error=/lustre/me/err%%-21.txt", "--output=/lustre/me/my log-21.txt", "--switches=1@00:05:00",
            "--mail-user=a@b", "--mail-type=END,FAIL", "--ntasks-per-node=2", "--cpus-per-task=1", "--exclusive=user",
            "--contiguous", "--no-requeue", "--open-mode=append"));
    EXPECT_THAT(options.left_out, testing::IsEmpty());
}

TEST(SbatchOptions, NothingButWhatTheJobHas) {
    EXPECT_THAT(words_of("   MinCPUsNode=1 MinMemoryCPU=30M MinTmpDiskNode=0\n   OverSubscribe=OK Contiguous=0\n"),
                ElementsAre("--job-name=j.sh", "--time=00:02:00", "--nodes=1", "--mem-per-cpu=30M", "--ntasks=3",
                            "--cpus-per-task=1", "--open-mode=append"));
}

TEST(SbatchOptions, TheWholeMemoryOfTheNodes) {
    EXPECT_THAT(words_of("   MinCPUsNode=1 MinMemoryNode=0 MinTmpDiskNode=0\n"), Contains("--mem=0"));
}

TEST(SbatchOptions, SharingOfNodes) {
    EXPECT_THAT(words_of("   OverSubscribe=NO\n"), Contains("--exclusive"));
    EXPECT_THAT(words_of("   OverSubscribe=MCS\n"), Contains("--exclusive=mcs"));
    EXPECT_THAT(words_of("   OverSubscribe=YES\n"), Contains("--oversubscribe"));
}

TEST(SbatchOptions, GpusAsTheyWereAskedFor) {
    EXPECT_THAT(words_of("   TresPerNode=gres:gpu:a100:1,gres:shard:2\n"), Contains("--gres=gpu:a100:1,shard:2"));
    EXPECT_THAT(words_of("   TresPerNode=gres/gpu:a100:1\n"), Contains("--gres=gpu:a100:1")) << "Slurm 23.02";
    const auto by_name = words_of("   TresPerNode=gres:gpu:2,gres:shard:2\n", {{"SLURM_GPUS_PER_NODE", "2"}});
    EXPECT_THAT(by_name, testing::IsSupersetOf({"--gpus-per-node=2", "--gres=shard:2"}));
    EXPECT_THAT(words_of("   TresBind=gpu:single:1\n   TresPerTask=gres:gpu:1\n"),
                testing::IsSupersetOf({"--gpu-bind=single:1", "--gpus-per-task=1"}));
    EXPECT_THAT(words_of("   TresPerTask=cpu=2,gres/gpu=1\n"), Contains("--gpus-per-task=1")) << "Slurm 23.11";
    EXPECT_THAT(words_of("   TresPerJob=gres:gpu:1\n   NtasksPerTRES=2\n"),
                testing::IsSupersetOf({"--gpus=1", "--ntasks-per-gpu=2"}));
}

TEST(SbatchOptions, MemoryAndCoresOfGpus) {
    const auto words = words_of(
        "   MinCPUsNode=1 MinMemoryNode=0 MinTmpDiskNode=0\n   CpusPerTres=gres:gpu:2\n   MemPerTres=gres:gpu:100\n"
        "   TresPerJob=gres:gpu:2\n");

    EXPECT_THAT(words, testing::IsSupersetOf({"--cpus-per-gpu=2", "--mem-per-gpu=100", "--gpus=2"}));
    EXPECT_THAT(words, Not(Contains(StartsWith("--mem=")))) << "sbatch refuses both";
    EXPECT_THAT(words, Not(Contains(StartsWith("--cpus-per-task")))) << "likewise";
}

TEST(SbatchOptions, WhatTheEnvironmentKnows) {
    EXPECT_THAT(words_of("", {{"SLURM_DISTRIBUTION", "cyclic"}}), Contains("--distribution=cyclic"));
}

TEST(SbatchOptions, ComponentsOfAHeterogeneousJob) {
    const auto text =
        "JobId=5 HetJobId=5 HetJobOffset=0 JobName=het\n   HetJobIdSet=5-6\n   Comment=abc \n\n"
        "JobId=6 HetJobId=5 HetJobOffset=1 JobName=het\n   TresPerNode=gres:gpu:2\n";

    EXPECT_THAT(sbatch_options(text, {{"SLURM_GPUS_PER_NODE_HET_GROUP_1", "2"}}).words,
                ElementsAre("--job-name=het", "--comment=abc", "--open-mode=append", ":", "--job-name=het",
                            "--open-mode=append", "--gpus-per-node=2"));
}

TEST(SbatchOptions, WhatHasNoOptionIsTold) {
    EXPECT_THAT(sbatch_options(plain("   BurstBuffer=#BB create\n   TresPerJob=gres:fpga:1\n"), {}).left_out,
                testing::UnorderedElementsAre("BurstBuffer=#BB create", "TresPerJob=fpga:1"));
}

TEST(SbatchOptions, NoJobIsAMistake) {
    EXPECT_ERROR(sbatch_options("slurm_load_jobs error: Invalid job id specified\n", {}), UserError,
                 "the text of `scontrol show job` is expected");
    EXPECT_ERROR(sbatch_options("", {}), UserError, "the text of `scontrol show job` is expected");
}

}  // namespace
}  // namespace stemma
