using Entrepot.Core.Faults;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.OpenIdConnect;

/// <summary>Sign-ins that are going on: each once, for a time, and not too many.</summary>
public sealed class SignInBookTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SignInBook _book;

    public SignInBookTests() => _book = new SignInBook(_time);

    [Fact]
    public void A_state_is_good_once_and_for_ten_minutes()
    {
        var state = Begin("10.0.0.1");
        _book.Take(state).ShouldNotBeNull();
        _book.Take(state).ShouldBeNull();
        var late = Begin("10.0.0.1");
        _time.Advance(SignInBook.Lifetime);
        _book.Take(late).ShouldBeNull();
    }

    [Fact]
    public void One_source_does_not_take_the_room_of_others()
    {
        for (var i = 0; i < SignInBook.MaxOfSource; i++)
            Begin("10.0.0.1");
        Should.Throw<FaultException>(() => Begin("10.0.0.1")).Fault.Is(OidcFault.Busy).ShouldBeTrue();
        _book.Take(Begin("10.0.0.2")).ShouldNotBeNull();
        _time.Advance(SignInBook.Lifetime);
        _book.Take(Begin("10.0.0.1")).ShouldNotBeNull("those that took too long make room");
    }

    [Fact]
    public void In_all_there_are_not_more_than_the_limit()
    {
        for (var i = 0; i < SignInBook.Max; i++)
            Begin($"10.0.{i / SignInBook.MaxOfSource}.1");
        Should.Throw<FaultException>(() => Begin("10.9.9.9")).Fault.Is(OidcFault.Busy).ShouldBeTrue();
    }

    [Fact]
    public void A_command_is_found_by_its_code_until_it_is_answered()
    {
        var (handle, request) = _book.Open("10.0.0.1", "10.0.0.1");
        request.Code.ShouldMatch("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$");
        _book.WithCode(request.Code).ShouldBe(request);
        _book.Collect(handle).ShouldBe(request);
        _book.Collect(handle).ShouldBe(request, "it goes on waiting");
        request.Refusal = Fault.Of(OidcFault.NoRole, FaultKind.Forbidden, "no");
        _book.WithCode(request.Code).ShouldBeNull();
        _book.Collect(handle).ShouldBe(request);
        _book.Collect(handle).ShouldBeNull("an end is told once");

        var (late, forgotten) = _book.Open("10.0.0.1", "10.0.0.1");
        _time.Advance(SignInBook.Lifetime);
        _book.WithCode(forgotten.Code).ShouldBeNull();
        _book.Collect(late).ShouldBeNull();
    }

    private string Begin(string source) => _book.Begin(new PendingSignIn("n", "v", "b", source, _time.GetUtcNow(), null));
}
