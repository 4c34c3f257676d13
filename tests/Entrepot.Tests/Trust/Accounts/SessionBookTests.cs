using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.Accounts;

public sealed class SessionBookTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, Role> _accounts = new() { ["jane"] = Role.Viewer };
    private readonly SessionBook _book;

    public SessionBookTests() => _book = new SessionBook(name => _accounts.TryGetValue(name, out var roles) ? roles : null, _time);

    [Fact]
    public void A_session_ends_when_it_was_idle_and_at_the_latest_after_twelve_hours()
    {
        var idle = _book.Start("jane").Text;
        var used = _book.Start("jane").Text;
        for (var i = 0; i < 51; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(14));
            _book.Find(used).ShouldNotBeNull().ShouldSatisfyAllConditions(who => who.Name.ShouldBe("user:jane"), who => who.Roles.ShouldBe(Role.Viewer), who => who.Proof.ShouldBe(Proof.Session));
        }

        _book.Find(idle).ShouldBeNull();
        _time.Advance(TimeSpan.FromMinutes(14));
        _book.Find(used).ShouldBeNull();
    }

    [Fact]
    public void Roles_are_those_of_now_and_without_the_account_the_session_ends()
    {
        var text = _book.Start("jane").Text;
        _accounts["jane"] = Role.Approver;
        _book.Find(text)!.Roles.ShouldBe(Role.Approver);
        _accounts.Clear();
        _book.Find(text).ShouldBeNull();
        _accounts["jane"] = Role.Viewer;
        _book.Find(text).ShouldBeNull("it has ended");
    }

    [Fact]
    public void Ended_sessions_and_other_texts_are_nobody()
    {
        var (first, second) = (_book.Start("jane").Text, _book.Start("jane").Text);
        _book.End(first);
        _book.Find(first).ShouldBeNull();
        _book.Find(second).ShouldNotBeNull();
        for (var i = 0; i < second.Length; i++)
            _book.Find(second[..i]).ShouldBeNull();
        _book.EndAll("jane");
        _book.Find(second).ShouldBeNull();
    }

    [Fact]
    public void The_one_that_was_idle_for_longest_makes_room()
    {
        var first = _book.Start("jane").Text;
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < SessionBook.MaxSessions; i++)
            _book.Start("jane");
        _book.Find(first).ShouldBeNull();
    }
}
