// Every mistake in a space is refused with the parameter's name, the value found and the remedy.

#include <gmock/gmock.h>

#include <limits>

#include "core/error.hpp"
#include "space/search_space.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden = {}) {
    try {
        SearchSpace space(std::move(parameters), std::move(forbidden));
    } catch (const UserError& error) {
        return error.what();
    }
    return "accepted";
}

std::string refusal(Domain domain, Role role = Role::fixed, std::optional<Literal> value = {}) {
    return refusal({{"x", std::move(domain), role, std::move(value), {}}});
}

const Domain two = Categorical{{std::string("a"), std::string("b")}};

TEST(Check, AcceptsEachKind) {
    EXPECT_EQ(refusal(Real{-1, 1, Scale::linear, 0.5}), "accepted");
    EXPECT_EQ(refusal(Integer{1, 9, Scale::log, 2}), "accepted");
    EXPECT_EQ(refusal(two), "accepted");
    EXPECT_EQ(refusal(Constant{3.0}), "accepted");
    EXPECT_EQ(refusal(Real{0.1, 1, Scale::log, {}}, Role::hypergradient, 0.5), "accepted");
}

TEST(Check, Ranges) {
    const auto infinity = std::numeric_limits<double>::infinity();
    EXPECT_THAT(refusal(Real{2, 1, Scale::linear, {}}), AllOf(HasSubstr("\"x\""), HasSubstr("low = 2.0, high = 1.0")));
    EXPECT_THAT(refusal(Real{1, 1, Scale::linear, {}}), HasSubstr("make it a constant"));
    EXPECT_THAT(refusal(Real{0, infinity, Scale::linear, {}}), HasSubstr("finite"));
    EXPECT_THAT(refusal(Real{-1e308, 1e308, Scale::linear, {}}), HasSubstr("too wide"));
    EXPECT_THAT(refusal(Real{1, 1 + 1e-12, Scale::linear, {}}), HasSubstr("less than a billionth"));
    EXPECT_THAT(refusal(Integer{5, 4, Scale::linear, {}}), HasSubstr("empty range"));
    EXPECT_THAT(refusal(Integer{4, 4, Scale::linear, {}}), HasSubstr("make it a constant"));
    EXPECT_THAT(
        refusal(Integer{
            std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), Scale::linear, {}}),
        HasSubstr("more than 2^40"));
}

TEST(Check, Scales) {
    EXPECT_THAT(refusal(Real{0, 1, Scale::log, {}}), HasSubstr("low > 0, found 0.0"));
    EXPECT_THAT(refusal(Real{0, 0.5, Scale::logit, {}}), HasSubstr("0 < low"));
    EXPECT_THAT(refusal(Real{0.5, 1, Scale::logit, {}}), HasSubstr("high < 1"));
    EXPECT_THAT(refusal(Integer{0, 5, Scale::log, {}}), HasSubstr("low > 0"));
    EXPECT_THAT(refusal(Integer{1, 5, Scale::logit, {}}), HasSubstr("real values"));
}

TEST(Check, Steps) {
    EXPECT_THAT(refusal(Real{0, 1, Scale::linear, 0.0}), HasSubstr("step"));
    EXPECT_THAT(refusal(Real{0, 1, Scale::linear, -0.1}), HasSubstr("step"));
    EXPECT_THAT(refusal(Real{0, 1, Scale::linear, 1e-15}), HasSubstr("2^40"));
    EXPECT_THAT(refusal(Real{1000, 1000.001, Scale::linear, 1e-7}), HasSubstr("billionth"));
    EXPECT_THAT(refusal(Integer{0, 9, Scale::linear, 0}), HasSubstr("step"));
}

TEST(Check, Choices) {
    EXPECT_THAT(refusal(Categorical{}), HasSubstr("list at least one"));
    EXPECT_THAT(refusal(Ordinal{{std::int64_t{1}, 1.0}}), HasSubstr("listed twice"));
    EXPECT_THAT(refusal(Ordinal{{std::numeric_limits<double>::quiet_NaN()}}), HasSubstr("not a finite number"));
}

TEST(Check, NamesAndRoles) {
    EXPECT_THAT(refusal({{"x", two, Role::fixed, {}, {}}, {"x", two, Role::fixed, {}, {}}}), HasSubstr("used twice"));
    EXPECT_THAT(refusal({{"", two, Role::fixed, {}, {}}}), HasSubstr("no name"));
    EXPECT_THAT(refusal(two, Role::hypergradient), HasSubstr("hypergradient"));
}

TEST(Check, Defaults) {
    EXPECT_THAT(refusal(Real{0, 1, Scale::linear, {}}, Role::fixed, 2.0),
                HasSubstr("found 2.0, allowed is a number in [0.0, 1.0]"));
    EXPECT_THAT(refusal(two, Role::fixed, std::string("c")), HasSubstr("allowed is one of a, b"));
    EXPECT_EQ(refusal(Real{0, 1, Scale::linear, {}}, Role::fixed, std::int64_t{1}), "accepted");
}

TEST(Check, Conditions) {
    const Parameter x{"x", two, Role::fixed, {}, {}};
    const Parameter range{"range", Real{0, 1, Scale::linear, {}}, Role::fixed, {}, {}};
    const auto with = [](Condition condition) { return Parameter{"y", two, Role::fixed, {}, {std::move(condition)}}; };
    EXPECT_EQ(refusal({x, with({0, {1}})}), "accepted");
    EXPECT_THAT(refusal({x, with({1, {0}})}), AllOf(HasSubstr("\"y\""), HasSubstr("must stand before it")));
    EXPECT_THAT(refusal({with({1, {0}}), x}), HasSubstr("must stand before it"));
    EXPECT_THAT(refusal({x, with({7, {0}})}), HasSubstr("must stand before it"));
    EXPECT_THAT(refusal({x, with({0, {2}})}), HasSubstr("value number 2"));
    EXPECT_THAT(refusal({x, with({0, {}})}), HasSubstr("list at least one"));
    EXPECT_THAT(refusal({range, with({0, {0}})}), HasSubstr("listed values"));
}

TEST(Check, ForbiddenClauses) {
    const Parameter x{"x", two, Role::fixed, {}, {}};
    EXPECT_EQ(refusal({x}, {{{{0, {1}}}}}), "accepted");
    EXPECT_THAT(refusal({x}, {{{}}}), HasSubstr("forbidden clause 1 is empty"));
    EXPECT_THAT(refusal({x}, {{{{3, {0}}}}}), HasSubstr("parameter number 3"));
    EXPECT_THAT(refusal({x}, {{{{0, {2}}}}}), AllOf(HasSubstr("forbidden clause 1"), HasSubstr("value number 2")));
}

}  // namespace
}  // namespace stemma
