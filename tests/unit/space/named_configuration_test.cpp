#include <gmock/gmock.h>

#include "core/error.hpp"
#include "unit/space/spaces.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Named : public testing::Test {
protected:
    template <class Read>
    std::string refusal(Read read) const {
        try {
            read();
        } catch (const UserError& error) {
            return error.what();
        }
        return "accepted";
    }

    SearchSpace space = test::training_space();
    Configuration sgd =
        space.from_literals(std::vector<std::pair<std::string, Literal>>{{"optimizer", std::string("sgd")},
                                                                         {"momentum", 0.9},
                                                                         {"nesterov", true},
                                                                         {"lr", 0.25},
                                                                         {"depth", std::int64_t{2}}});
    Configuration adam =
        space.from_literals(std::vector<std::pair<std::string, Literal>>{{"optimizer", std::string("adam")}});
};

TEST_F(Named, ReadsByNameAndType) {
    const NamedConfiguration named(space, sgd);
    EXPECT_EQ(named.real("lr"), 0.25);
    EXPECT_EQ(named.real("momentum"), 0.9);
    EXPECT_EQ(named.real("depth"), 2.0);
    EXPECT_EQ(named.integer("depth"), 2);
    EXPECT_EQ(named.integer("epochs_unit"), 1);
    EXPECT_TRUE(named.boolean("nesterov"));
    EXPECT_EQ(named.text("optimizer"), "sgd");
    EXPECT_TRUE(named.has("momentum"));
}

TEST_F(Named, FallsBackWhenAbsentOrInactive) {
    const NamedConfiguration named(space, adam);
    EXPECT_FALSE(named.has("momentum"));
    EXPECT_FALSE(named.has("dropout"));
    EXPECT_EQ(named.real_or("momentum", 0.5), 0.5);
    EXPECT_EQ(named.real_or("dropout", 0.1), 0.1);
    EXPECT_EQ(named.integer_or("width", 64), 64);
    EXPECT_FALSE(named.boolean_or("nesterov", false));
    EXPECT_EQ(named.text_or("model", "lenet"), "lenet");
    EXPECT_EQ(named.text_or("optimizer", "sgd"), "adam");
}

TEST_F(Named, SaysWhatIsMissing) {
    const NamedConfiguration named(space, adam);
    EXPECT_THAT(refusal([&] { named.real("lr_"); }),
                AllOf(HasSubstr("\"lr_\""), HasSubstr("did you mean \"lr\"?"), HasSubstr("batch")));
    EXPECT_THAT(refusal([&] { named.real("momentum"); }), HasSubstr("inactive"));
}

TEST_F(Named, SaysWhereInTheJob) {
    std::vector<Parameter> parameters(space.parameters().begin(), space.parameters().end());
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].where = "job.toml:" + std::to_string(10 + i);
    const SearchSpace placed(parameters);
    const NamedConfiguration named(placed, sgd);
    const auto line = "job.toml:" + std::to_string(10 + *placed.find("optimizer")) + ": hyperparameter \"optimizer\"";
    EXPECT_THAT(refusal([&] { named.real("optimizer"); }), HasSubstr(line));
    EXPECT_THAT(refusal([&] { named.real("lr_"); }), HasSubstr("job.toml:10: hyperparameter \"lr_\" is needed"));
}

TEST_F(Named, SaysWhatKindIsWanted) {
    const NamedConfiguration named(space, sgd);
    EXPECT_THAT(refusal([&] { named.real("optimizer"); }), HasSubstr("must be a number here, found sgd"));
    EXPECT_THAT(refusal([&] { named.integer("lr"); }), HasSubstr("must be an integer here, found 0.25"));
    EXPECT_THAT(refusal([&] { named.boolean("depth"); }), HasSubstr("must be true or false"));
    EXPECT_THAT(refusal([&] { named.text("depth"); }), HasSubstr("must be a text"));
    EXPECT_THAT(refusal([&] { named.integer_or("optimizer", 1); }), HasSubstr("must be an integer"));
}

}  // namespace
}  // namespace stemma
