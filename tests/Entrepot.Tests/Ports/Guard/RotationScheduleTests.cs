using CsCheck;
using Entrepot.Ports.Guard;

namespace Entrepot.Tests.Ports.Guard;

public sealed class RotationScheduleTests
{
    private static readonly RotationSchedule Hourly = new(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5));

    [Fact]
    public void A_sound_schedule_has_no_mistakes() => Hourly.Mistakes().ShouldBeEmpty();

    [Theory]
    [InlineData(59, 5, "too fast")]
    [InlineData(3600, 0, "needs an overlap")]
    [InlineData(3600, 1801, "more than half")]
    public void What_can_not_work_is_said(int period, int overlap, string what)
        => new RotationSchedule(TimeSpan.FromSeconds(period), TimeSpan.FromSeconds(overlap)).Mistakes().ShouldHaveSingleItem().ShouldContain(what);

    [Fact]
    public void All_mistakes_are_told_at_once() => new RotationSchedule(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)).Mistakes().Count.ShouldBe(2);

    [Fact]
    public void A_change_comes_within_a_tenth_of_the_period_around_its_time()
        => Gen.Double[0, 1].Sample(drawn =>
        {
            var wait = Hourly.Wait(drawn);
            wait.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(54));
            wait.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(66));
            wait.ShouldBeGreaterThan(Hourly.Overlap);
        });

    [Fact]
    public void A_change_that_fails_is_tried_again_ever_later_up_to_a_limit()
    {
        var waits = Enumerable.Range(1, 100).Select(failures => new RotationSchedule(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1)).Retry(failures)).ToList();

        waits[0].ShouldBe(TimeSpan.FromMinutes(1));
        waits[1].ShouldBe(TimeSpan.FromMinutes(2));
        waits.ShouldBeInOrder();
        waits[^1].ShouldBe(TimeSpan.FromMinutes(5));
    }
}
