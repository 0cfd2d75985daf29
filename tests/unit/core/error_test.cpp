#include "core/error.hpp"

#include <gmock/gmock.h>

#include "core/ids.hpp"

namespace stemma {
namespace {

TEST(Ensure, PassesWhatHolds) { EXPECT_NO_THROW(ensure(true, "fine")); }

TEST(Ensure, NamesWhatAndWhere) {
    try {
        ensure(false, "leases never overlap");
        FAIL() << "no exception";
    } catch (const InternalError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("leases never overlap"));
        EXPECT_THAT(error.what(), testing::HasSubstr("error_test.cpp"));
    }
}

TEST(Id, NoneIsNotAnId) {
    EXPECT_FALSE(MemberId::none().exists());
    EXPECT_FALSE(MemberId{}.exists());
    EXPECT_TRUE(MemberId{0}.exists());
    EXPECT_LT(MemberId{0}, MemberId{1});
}

TEST(Id, ASnapshotCarriesTheNumberOfItsLease) { EXPECT_EQ(snapshot_of(LeaseId{8}), SnapshotId{8}); }

}  // namespace
}  // namespace stemma
