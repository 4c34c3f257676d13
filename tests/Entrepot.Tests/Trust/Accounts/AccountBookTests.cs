using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.Accounts;

public sealed class AccountBookTests : IAsyncDisposable
{
    private const string Password = "orange bicycle thunder";

    private static readonly byte[] Key = [.. Enumerable.Range(1, SecondFactor.KeyBytes).Select(static value => (byte)value)];
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-test-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SealingKey _sealing = SealingKey.CreateEphemeral();
    private readonly StateDatabase _state;
    private readonly AccountBook _book;

    public AccountBookTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(AccountBook).Assembly);
        _book = new AccountBook(_state, _sealing, _time);
    }

    private string Code => SecondFactor.CodeOf(Key, _time.GetUtcNow());

    public async ValueTask DisposeAsync()
    {
        _book.Dispose();
        await _state.DisposeAsync();
        _sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Who_accepts_an_invitation_signs_in_once_with_each_code()
    {
        await JoinAsync();
        (await FaultOf(SignInAsync(Code))).Is(AccountFault.Replayed).ShouldBeTrue("the code that accepted the invitation");
        _time.Advance(TimeSpan.FromSeconds(30));
        (await SignInAsync(Code)).Roles.ShouldBe(Role.Approver | Role.Viewer);
        (await FaultOf(SignInAsync(Code))).Is(AccountFault.Replayed).ShouldBeTrue();
        (await FaultOf(_book.ProveAsync("jane", Code, "10.0.0.9", Cancellation))).Is(AccountFault.Replayed).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(30));
        (await _book.ProveAsync("jane", Code, "10.0.0.9", Cancellation)).Name.ShouldBe("jane");
    }

    [Theory]
    [InlineData("jane", "not the password", true)]
    [InlineData("jane", Password, false)]
    [InlineData("john", Password, true)]
    public async Task Whatever_is_wrong_the_answer_is_the_same(string name, string password, bool isCodeRight)
    {
        await JoinAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        var fault = await FaultOf(_book.SignInAsync(name, password, isCodeRight ? Code : "000000", "10.0.0.9", Cancellation));
        fault.Is(AccountFault.Credentials).ShouldBeTrue();
        fault.Message.ShouldBe("Name, password and code do not belong together.");
    }

    [Fact]
    public async Task A_recovery_code_opens_once()
    {
        var codes = await JoinAsync();
        codes.Count.ShouldBe(OneTimeText.RecoveryCodes);
        (await FaultOf(_book.SignInAsync("jane", "not the password", codes[0], "10.0.0.9", Cancellation))).Is(AccountFault.Credentials).ShouldBeTrue();
        (await SignInAsync(codes[0].ToUpperInvariant().Replace("-", " ", StringComparison.Ordinal))).RecoveryCodes.ShouldBe(OneTimeText.RecoveryCodes - 1);
        (await FaultOf(SignInAsync(codes[0]))).Is(AccountFault.Credentials).ShouldBeTrue();
        (await FaultOf(_book.ProveAsync("jane", codes[1], "10.0.0.9", Cancellation))).Is(AccountFault.Credentials).ShouldBeTrue("it proves nothing fresh");
    }

    [Fact]
    public async Task Ten_wrong_attempts_lock_the_account_until_half_an_hour_is_over_or_an_admin_helps()
    {
        await JoinAsync();
        for (var i = 0; i < SignInRules.MaxFailures; i++)
            await FaultOf(SignInAsync("000000"));
        _time.Advance(TimeSpan.FromMinutes(1));
        (await FaultOf(SignInAsync(Code))).Is(AccountFault.Locked).ShouldBeTrue();
        await _book.ChangeAsync("jane", new AccountChange(Unlock: true), "user:root@local", Cancellation);
        await SignInAsync(Code);
        _state.Read(static _ => 0);
        JournalTable.ReadNewest(_state, 20).Count(static entry => entry is { Action: "user.sign-in", Result: JournalResult.Refused }).ShouldBe(SignInRules.MaxFailures + 1);
    }

    [Fact]
    public async Task An_invitation_is_good_once_and_for_a_day()
    {
        var late = await _book.InviteAsync("late", Role.Viewer, "test", Cancellation);
        _time.Advance(AccountBook.InvitationLifetime);
        (await FaultOf(AcceptAsync(late.Text))).Is(AccountFault.Invitation).ShouldBeTrue();

        var first = await _book.InviteAsync("late", null, "test", Cancellation);
        var second = await _book.InviteAsync("late", null, "test", Cancellation);
        (await FaultOf(AcceptAsync(first.Text))).Is(AccountFault.Invitation).ShouldBeTrue("another one took its place");
        await AcceptAsync(second.Text);
        (await FaultOf(AcceptAsync(second.Text))).Is(AccountFault.Invitation).ShouldBeTrue();
        var refused = JournalTable.ReadNewest(_state, 20).Where(static entry => entry is { Action: "user.accept", Result: JournalResult.Refused }).ToList();
        refused.Select(static entry => (entry.Actor, entry.Details)).ShouldBe(Enumerable.Repeat(("anonymous@10.0.0.9", """{"reason":"account/invitation"}"""), 3));
    }

    [Fact]
    public async Task A_change_of_several_things_is_one_or_none()
    {
        await JoinAsync();
        var entries = JournalTable.ReadNewest(_state, 100).Count;
        (await _book.ChangeAsync("jane", new AccountChange(Role.Auditor, Disabled: true, Unlock: true), "user:root@local", Cancellation)).ShouldSatisfyAllConditions(
            account => account.Roles.ShouldBe(Role.Auditor), account => account.IsDisabled.ShouldBeTrue());
        var all = JournalTable.ReadNewest(_state, 100);
        all.Count.ShouldBe(entries + 1);
        var entry = all.MaxBy(static one => one.Sequence)!;
        entry.Action.ShouldBe("user.change");
        entry.Before!.ShouldContain("\"roles\":[\"viewer\",\"approver\"]");
        entry.After!.ShouldContain("\"roles\":[\"auditor\"]");
        entry.After!.ShouldContain("\"disabled\":true");
        (await FaultOf(_book.ChangeAsync("nobody", new AccountChange(Role.Admin), "test", Cancellation))).Is(AccountFault.NotFound).ShouldBeTrue();
    }

    [Fact]
    public void Each_single_change_has_its_own_name_in_the_journal()
        => new[] { new AccountChange(Role.Viewer), new AccountChange(Disabled: true), new AccountChange(Disabled: false), new AccountChange(Unlock: true), new AccountChange(Role.Viewer, Unlock: true) }
            .Select(static change => change.Action).ShouldBe(["user.roles", "user.disable", "user.enable", "user.unlock", "user.change"]);

    [Fact]
    public async Task A_disabled_account_is_kept_out_and_a_new_invitation_replaces_lost_secrets()
    {
        await JoinAsync();
        await _book.ChangeAsync("jane", new AccountChange(Disabled: true), "test", Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        (await FaultOf(SignInAsync(Code))).Is(AccountFault.Credentials).ShouldBeTrue();
        await _book.ChangeAsync("jane", new AccountChange(Disabled: false), "test", Cancellation);

        var again = await _book.InviteAsync("jane", null, "test", Cancellation);
        await SignInAsync(Code);
        _time.Advance(TimeSpan.FromMinutes(1));
        await _book.AcceptAsync(again.Text, "another fine password", [.. Key.Reverse()], SecondFactor.CodeOf([.. Key.Reverse()], _time.GetUtcNow()), "10.0.0.9", Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        (await FaultOf(SignInAsync(Code))).Is(AccountFault.Credentials).ShouldBeTrue();
    }

    [Theory]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("abcdefghijklmnop")]
    [InlineData("my name is JANE ok")]
    public async Task Passwords_that_are_easily_guessed_are_refused(string password)
    {
        var invitation = await _book.InviteAsync("jane", Role.Viewer, "test", Cancellation);
        (await FaultOf(_book.AcceptAsync(invitation.Text, password, Key, Code, "10.0.0.9", Cancellation))).Is(AccountFault.Password).ShouldBeTrue();
    }

    [Fact]
    public async Task No_secret_is_in_database_or_journal_as_it_was_entered()
    {
        var codes = await JoinAsync();
        await _state.DisposeAsync();
        var kept = Convert.ToHexString(await File.ReadAllBytesAsync(Path.Combine(_folder, "state.db"), Cancellation));
        foreach (var secret in codes.Append(Password))
            kept.ShouldNotContain(Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(secret)));
        kept.ShouldNotContain(Convert.ToHexString(Key));
    }

    private async Task<IReadOnlyList<string>> JoinAsync()
        => (await AcceptAsync((await _book.InviteAsync("jane", Role.Approver | Role.Viewer, "user:root@local", Cancellation)).Text)).RecoveryCodes;

    private Task<(Account Account, IReadOnlyList<string> RecoveryCodes)> AcceptAsync(string invitation)
        => _book.AcceptAsync(invitation, Password, Key, Code, "10.0.0.9", Cancellation);

    private Task<Account> SignInAsync(string code) => _book.SignInAsync("jane", Password, code, "10.0.0.9", Cancellation);

    private static async Task<Fault> FaultOf(Task attempt) => (await Should.ThrowAsync<FaultException>(() => attempt)).Fault;
}
