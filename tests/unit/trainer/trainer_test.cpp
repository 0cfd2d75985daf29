#include "trainer/trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"

namespace stemma {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<MetricInfo> metrics = {{"valid_loss"}, {"valid_accuracy"}, {"test_loss", true}};

TEST(SelectableMetric, IsFoundByName) { EXPECT_EQ(selectable_metric(metrics, "valid_accuracy"), 1U); }

TEST(SelectableMetric, HeldOutMetricsAreRefused) {
    EXPECT_THAT([] { selectable_metric(metrics, "test_loss"); }, ThrowsMessage<UserError>(HasSubstr("held out")));
}

TEST(SelectableMetric, UnknownNamesAreAnsweredWithThoseThereAre) {
    EXPECT_THAT([] { selectable_metric(metrics, "valid_los"); },
                ThrowsMessage<UserError>(AllOf(HasSubstr("did you mean \"valid_loss\""), HasSubstr("valid_accuracy"),
                                               Not(HasSubstr("test_loss")))));
}

TEST(FailureKind, EveryKindHasItsName) {
    EXPECT_EQ(name_of(FailureKind::nonfinite), "nonfinite");
    EXPECT_EQ(name_of(FailureKind::timed_out), "timed_out");
    EXPECT_EQ(name_of(static_cast<FailureKind>(200)), "unknown");
}

}  // namespace
}  // namespace stemma
