using Entrepot.Server.Http;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Http;

public sealed class LogThrottleTests
{
    [Fact]
    public void One_line_comes_through_in_each_period_and_says_how_many_did_not()
    {
        var time = new FakeTimeProvider();
        var throttle = new LogThrottle(time, TimeSpan.FromSeconds(10));
        throttle.Allows(out var held).ShouldBeTrue();
        held.ShouldBe(0);
        for (var i = 0; i < 5; i++)
            throttle.Allows(out _).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(10));
        throttle.Allows(out held).ShouldBeTrue();
        held.ShouldBe(5);
        throttle.Allows(out _).ShouldBeFalse();
    }
}
