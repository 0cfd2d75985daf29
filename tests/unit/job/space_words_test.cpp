// Other tools' words for a search space.
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A job whose whole space is `lines`.
std::string with_space(const std::string& lines) {
    return toy_job.substr(0, toy_job.find("[space")) + "[space]\n" + lines + "\n";
}

struct Same {
    const char* theirs;
    const char* ours;
};

class SpaceWords : public testing::TestWithParam<Same> {};

TEST_P(SpaceWords, MeanWhatTheyMeanElsewhere) {
    EXPECT_EQ(parse(with_space(GetParam().theirs)).resolved, parse(with_space(GetParam().ours)).resolved);
}

INSTANTIATE_TEST_SUITE_P(
    Words, SpaceWords,
    testing::Values(
        Same{"x = { type = \"float\", min = 0.5, max = 1 }", "x = { type = \"real\", low = 0.5, high = 1 }"},
        Same{"x = { type = \"loguniform\", low = 0.5, high = 1 }",
             "x = { type = \"real\", low = 0.5, high = 1, scale = \"log\" }"},
        Same{"x = { type = \"uniform\", low = 1, high = 2, log = true }",
             "x = { type = \"real\", low = 1, high = 2, scale = \"log\" }"},
        Same{"x = { type = \"float\", low = 1, high = 2, log = false }",
             "x = { type = \"real\", low = 1, high = 2, scale = \"linear\" }"},
        Same{"x = { type = \"int\", lower = 1, upper = 9, q = 2 }",
             "x = { type = \"integer\", low = 1, high = 9, step = 2 }"},
        Same{"x = { type = \"choice\", values = [1, 2] }", "x = { type = \"categorical\", choices = [1, 2] }"},
        Same{"x = { values = [1, 2] }", "x = { type = \"categorical\", choices = [1, 2] }"},
        Same{"x = [\"a\", \"b\"]", "x = { type = \"categorical\", choices = [\"a\", \"b\"] }"},
        Same{"x = { levels = [1, 2] }", "x = { type = \"ordinal\", levels = [1, 2] }"},
        Same{"x = 3\ny = 0.5", "x = { type = \"constant\", value = 3 }\ny = { type = \"constant\", value = 0.5 }"},
        Same{"x = { value = true }", "x = { type = \"constant\", value = true }"},
        Same{"x = { low = 0.0, high = 1 }", "x = { type = \"real\", low = 0.0, high = 1 }"},
        Same{"x = { type = \"bool\" }", "x = { type = \"boolean\" }"},
        Same{"optim.lr = { low = 0.5, high = 1.0 }\noptim.sub.x = { choices = [true, false] }",
             "\"optim.lr\" = { type = \"real\", low = 0.5, high = 1.0 }\n"
             "\"optim.sub.x\" = { type = \"categorical\", choices = [true, false] }"}));

TEST(SpaceWordsErrors, ShowTheLineToWrite) {
    EXPECT_THAT(errors_of(with_space("x = { low = 1, high = 9 }")),
                ElementsAre(HasSubstr("space.x.type is missing; write x = { type = \"real\", low = 1, high = 9 }, or "
                                      "type = \"integer\"")));
    EXPECT_THAT(errors_of(with_space("x = [1, 2]")),
                ElementsAre(HasSubstr("space.x must be a table; got a list; write x = { type = \"real\", low = 1, "
                                      "high = 2 }, or type = \"integer\"; for these two values alone: x = { choices = "
                                      "[1, 2] }")));
    EXPECT_THAT(errors_of(with_space("x = [1, 2, 3]")), ElementsAre(HasSubstr("write x = { choices = [1, 2, 3] }")));
    EXPECT_THAT(errors_of(with_space("x = {}")), ElementsAre(HasSubstr("write x = { type = \"real\", low = 1e-4")));
}

TEST(SpaceWordsErrors, BothNamesOfAKeyAreAnError) {
    EXPECT_THAT(errors_of(with_space("x = { type = \"real\", low = 1, min = 1, high = 2 }")),
                ElementsAre(HasSubstr("space.x.min is not a key")));
}

TEST(SpaceWordsErrors, KeysOfOtherToolsAreNamedHere) {
    EXPECT_THAT(errors_of(toy_job, {"eta=4"}),
                ElementsAre(HasSubstr("eta is no section of a job; there is scheduler.eta; ")));
    EXPECT_THAT(errors_of(toy_job + "[workers]\nnumber = 4\n"), ElementsAre(HasSubstr("stemma run -n 4")));
    EXPECT_THAT(errors_of(toy_job + "[workers]\ndevice = \"rocm\"\n"), ElementsAre(HasSubstr("AMD's GPUs \"cuda\"")));
    EXPECT_THAT(errors_of(toy_job + "[forbidden]\nlr = 1\n"), ElementsAre(HasSubstr("write [[forbidden]]")));
}

}  // namespace
}  // namespace stemma::job_test
