#include "space/search_space.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/space/spaces.hpp"

namespace stemma {
namespace {

using test::batch, test::depth, test::lr, test::momentum, test::nesterov, test::optimizer;
using testing::HasSubstr;
using NamedLiterals = std::vector<std::pair<std::string, Literal>>;

class TrainingSpace : public testing::Test {
protected:
    std::string refusal(const NamedLiterals& values) const {
        try {
            space.from_literals(values);
        } catch (const UserError& error) {
            return error.what();
        }
        return "accepted";
    }
    std::string refusal(const Configuration& configuration) const {
        try {
            space.validate(configuration);
        } catch (const UserError& error) {
            return error.what();
        }
        return "accepted";
    }

    SearchSpace space = test::training_space();
};

TEST_F(TrainingSpace, FindsByName) {
    EXPECT_EQ(space.find("lr"), lr);
    EXPECT_EQ(space.find("batch"), batch);
    EXPECT_EQ(space.find("learning_rate"), std::nullopt);
}

TEST_F(TrainingSpace, ConditionsNest) {
    std::vector<double> unit(space.size(), 0.5);
    unit[optimizer] = 0.9;  // adam: no momentum, hence no nesterov
    auto configuration = space.from_unit(unit);
    EXPECT_EQ(configuration[momentum], Value(Inactive{}));
    EXPECT_EQ(configuration[nesterov], Value(Inactive{}));

    unit[optimizer] = 0.1;  // sgd, momentum 0.9
    configuration = space.from_unit(unit);
    EXPECT_EQ(configuration[momentum], Value(Choice{1}));
    EXPECT_EQ(configuration[nesterov], Value(Choice{1}));

    unit[momentum] = 0.1;  // momentum 0
    configuration = space.from_unit(unit);
    EXPECT_EQ(configuration[momentum], Value(Choice{0}));
    EXPECT_EQ(configuration[nesterov], Value(Inactive{}));
    EXPECT_FALSE(space.active(nesterov, configuration));
    EXPECT_EQ(space.to_unit(configuration)[nesterov], 0.5);
}

TEST_F(TrainingSpace, ForbiddenClausesAreSeen) {
    std::vector<double> unit(space.size(), 0.9);
    unit[optimizer] = 0;
    EXPECT_FALSE(space.allowed(space.from_unit(unit)));
    unit[nesterov] = 0;
    EXPECT_TRUE(space.allowed(space.from_unit(unit)));
    unit[nesterov] = 0.9;
    unit[optimizer] = 0.9;  // the clause's parameters are inactive
    EXPECT_TRUE(space.allowed(space.from_unit(unit)));
}

TEST_F(TrainingSpace, DescribesActiveParametersOnly) {
    const auto configuration =
        space.from_literals(NamedLiterals{{"optimizer", std::string("adam")}, {"lr", 0.0123456}});
    EXPECT_EQ(space.describe(configuration), "lr=0.01235 optimizer=adam batch=63 depth=3 epochs_unit=1");
    EXPECT_EQ(space.describe(space.forbidden()[0]), "optimizer=sgd and momentum=0.99 and nesterov=true");
}

TEST_F(TrainingSpace, LiteralsTakeDefaultsThenCenters) {
    const auto configuration = space.from_literals({});
    EXPECT_EQ(configuration[lr], Value(1e-3));
    EXPECT_EQ(configuration[batch], Value(std::int64_t{63}));
    EXPECT_EQ(configuration[depth], Value(std::int64_t{3}));
    EXPECT_NO_THROW(space.validate(configuration));
}

TEST_F(TrainingSpace, LiteralsAreChecked) {
    EXPECT_THAT(refusal(NamedLiterals{{"optimzer", std::string("sgd")}}), HasSubstr("did you mean \"optimizer\"?"));
    EXPECT_THAT(refusal(NamedLiterals{{"optimizer", std::string("adma")}}),
                HasSubstr("one of sgd, adam (did you mean \"adam\"?)"));
    EXPECT_THAT(refusal(NamedLiterals{{"lr", 2.0}}), HasSubstr("a number in [1e-05, 1.0]"));
    EXPECT_THAT(refusal(NamedLiterals{{"lr", std::string("fast")}}), HasSubstr("found fast"));
    EXPECT_THAT(refusal(NamedLiterals{{"lr", true}}), HasSubstr("found true"));
    EXPECT_THAT(refusal(NamedLiterals{{"depth", 2.5}}), HasSubstr("an integer in [1, 4]"));
    EXPECT_EQ(refusal(NamedLiterals{{"depth", 2.0}}), "accepted");
    EXPECT_EQ(refusal(NamedLiterals{{"lr", std::int64_t{1}}}), "accepted");
    EXPECT_THAT(refusal(NamedLiterals{{"lr", 0.1}, {"lr", 0.2}}), HasSubstr("given twice"));
    EXPECT_THAT(refusal(NamedLiterals{{"epochs_unit", std::int64_t{2}}}), HasSubstr("the constant 1"));
    EXPECT_THAT(refusal(NamedLiterals{{"optimizer", std::string("adam")}, {"momentum", 0.9}}), HasSubstr("inactive"));
    EXPECT_THAT(refusal(NamedLiterals{{"optimizer", std::string("sgd")}, {"momentum", 0.99}, {"nesterov", true}}),
                HasSubstr("forbidden by: optimizer=sgd and momentum=0.99 and nesterov=true"));
}

TEST_F(TrainingSpace, ValidateNamesTheParameter) {
    const auto good = space.from_literals(NamedLiterals{{"optimizer", std::string("adam")}});
    EXPECT_EQ(refusal(good), "accepted");
    EXPECT_THAT(refusal(Configuration(2)), HasSubstr("2 values"));

    auto bad = good;
    bad[depth] = std::int64_t{9};
    EXPECT_THAT(refusal(bad), testing::AllOf(HasSubstr("\"depth\""), HasSubstr("found 9")));
    bad = good;
    bad[depth] = 2.0;
    EXPECT_THAT(refusal(bad), HasSubstr("found 2.0"));
    bad = good;
    bad[momentum] = Choice{0};
    EXPECT_THAT(refusal(bad), HasSubstr("is inactive"));
    bad = good;
    bad[batch] = Inactive{};
    EXPECT_THAT(refusal(bad), HasSubstr("has no value"));
    bad = good;
    bad[optimizer] = Choice{5};
    EXPECT_THAT(refusal(bad), HasSubstr("choice number 5"));
}

TEST_F(TrainingSpace, LiteralsOfValues) {
    EXPECT_EQ(space.literal(lr, 0.5), Literal(0.5));
    EXPECT_EQ(space.literal(momentum, Choice{1}), Literal(0.9));
    EXPECT_EQ(space.literal(momentum, Inactive{}), std::nullopt);
    EXPECT_ERROR(space.literal(momentum, Choice{3}), InternalError, "a choice within its parameter's choices");
}

TEST_F(TrainingSpace, APointOfTheWrongSizeIsABug) {
    const std::vector<double> unit(2, 0.5);
    EXPECT_ERROR(space.from_unit(unit), InternalError, "a point has one coordinate for each parameter");
    EXPECT_ERROR(space.to_unit(Configuration(2)), InternalError, "a configuration has one value for each parameter");
}

TEST(SearchSpace, MayBeEmpty) {
    const SearchSpace space;
    EXPECT_EQ(space.size(), 0U);
    EXPECT_TRUE(space.from_unit({}).empty());
    EXPECT_EQ(space.grid_size(3), 1U);
}

}  // namespace
}  // namespace stemma
