// The shipped jobs are good, and so are the examples of the reference.
#include <algorithm>
#include <filesystem>

#include "app/job/tables.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

TEST(ShippedJobs, AreAllGood) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(STEMMA_JOBS)) {
        if (entry.path().extension() != ".toml") continue;
        ++count;
        EXPECT_NO_THROW({
            try {
                load_job(entry.path().string());
            } catch (const JobErrors& errors) {
                ADD_FAILURE() << errors.what();
                throw;
            }
        });
    }
    EXPECT_GE(count, 5);
}

TEST(ReferenceExamples, MakeOneGoodJob) {
    std::string text;
    for (const auto& section : sections()) {
        if (section.path != "schedule") text += section.example + "\n";  // it excludes the scheduler's
    }
    // The examples of the space lack the parameter that the example of [[forbidden]] names. The trainer's example fixes
    // it.
    text += "[space.batch_size]\ntype = \"ordinal\"\nlevels = [1024, 2048, 4096]\n";
    text = with(text, "batch_size = 256\n", "");

    EXPECT_THAT(errors_of(text), ::testing::IsEmpty());
}

TEST(ReferenceExamples, OfATypeMakeGoodJobs) {
    for (const auto& section : sections()) {
        for (const auto& one : section.variants) {
            if (one.example.empty()) continue;
            ASSERT_EQ(section.path, "scheduler");
            const auto text = with(with(toy_job, "[scheduler]\nmax = 27\n", ""), "members = 40\n", "members = 400\n");
            EXPECT_THAT(errors_of(text + one.example), ::testing::IsEmpty()) << one.name;
        }
    }
}

TEST(ReferenceExamples, OfTheScheduleMakesAJob) {
    const auto all = sections();
    const auto schedule = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.path == "schedule"; });
    ASSERT_NE(schedule, all.end());
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "type = \"schedule\"") + schedule->example), ::testing::IsEmpty());
}

}  // namespace
}  // namespace stemma::job_test
