using System.Security.Cryptography;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Trust.Access;

namespace Entrepot.Trust.Accounts;

/// <summary>A new invitation. The only place where its text is.</summary>
/// <param name="Text">What the invited person enters.</param>
/// <param name="Account">The account as it is now.</param>
public sealed record Invitation(string Text, Account Account);

/// <summary>Keeps the accounts of people: invites, takes passwords and second factors, judges attempts to sign in. Each change and each attempt
/// is journalled in its own transaction. Safe for use by several threads.</summary>
/// <remarks>An invitation is the one way to new secrets: for a new account, a forgotten password and a lost second factor alike. So nobody
/// but its owner ever knows a password.</remarks>
public sealed class AccountBook : IDisposable
{
    /// <summary>Most accounts.</summary>
    public const int MaxAccounts = 10_000;

    /// <summary>What invitations begin with.</summary>
    public const string InvitationPrefix = "ei1.";

    /// <summary>For how long an invitation can be accepted.</summary>
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromHours(24);

    /// <summary>Attempts that are judged at once. Each costs a good part of a second of a core.</summary>
    private const int AtOnce = 2;

    private const string ProveAction = "user.prove";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly StateDatabase _state;
    private readonly SealingKey _sealing;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _hashing = new(AtOnce, AtOnce);

    /// <summary>Opens the accounts.</summary>
    /// <param name="state">Where they are kept.</param>
    /// <param name="sealing">Seals the keys of second factors.</param>
    /// <param name="time">The clock.</param>
    public AccountBook(StateDatabase state, SealingKey sealing, TimeProvider time) => (_state, _sealing, _time) = (state, sealing, time);

    /// <summary>Every account, by name.</summary>
    public IReadOnlyList<Account> List() => _state.Read(AccountTable.Read);

    /// <summary>What an account is to the network now; null when there is none, or it is kept out.</summary>
    public Role? RolesOf(string name) => _state.Read(connection => AccountTable.Find(connection, name))?.Account is { IsDisabled: false, IsActive: true } account ? account.Roles : null;

    /// <summary>Invites somebody, or somebody again. What the account had before stays good until the invitation is accepted.</summary>
    /// <param name="name">1–63 characters, as a node is named.</param>
    /// <param name="roles">What the account is to be; null leaves an account that is there as it is.</param>
    /// <param name="actor">Who invites, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="AccountFault.Name"/>, <see cref="AccountFault.TooMany"/>, or <see cref="AccessFault.Role"/> for a new
    /// account without a role.</exception>
    public Task<Invitation> InviteAsync(string name, Role? roles, string actor, CancellationToken cancellation = default)
    {
        if (!NodeName.TryParse(name, out _, out _))
            throw Fault.Of(
                AccountFault.Name, FaultKind.Invalid, $"'{name}' can't be an account's name.", "Use 1–63 of a–z, 0–9 and '-', neither first nor last '-', such as 'jane-doe'.").ToException();
        var text = OneTimeText.New(InvitationPrefix);
        return _state.WriteAsync(
            transaction =>
            {
                var now = _time.GetUtcNow();
                var before = AccountTable.Find(transaction, name)?.Account;
                var wanted = roles ?? before?.Roles ?? Role.None;
                if (wanted == Role.None || (wanted & ~Roles.Grantable) != 0)
                    throw Fault.Of(AccessFault.Role, FaultKind.Invalid, $"'{name}' needs a role.", $"Roles are {string.Join(", ", Roles.Words)}.").ToException();
                if (before is null && AccountTable.Count(transaction) >= MaxAccounts)
                    throw Fault.Of(AccountFault.TooMany, FaultKind.Exhausted, $"There are {MaxAccounts} accounts.", "Remove some first.").ToException();
                AccountTable.Invite(transaction, name, wanted, OneTimeText.HashOf(text), now + InvitationLifetime, now, actor);
                var after = AccountTable.Find(transaction, name)!.Account;
                Journal(transaction, actor, "user.invite", name, before, after);
                return new Invitation(text, after);
            },
            cancellation);
    }

    /// <summary>Takes the secrets of an invited person.</summary>
    /// <param name="invitation">The invitation's text.</param>
    /// <param name="password">The password.</param>
    /// <param name="secondFactor">The key that the authenticator app was given.</param>
    /// <param name="code">A code of that key, as proof that the app has it.</param>
    /// <param name="source">From where, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The account, and its recovery codes, which are told this once.</returns>
    /// <exception cref="FaultException"><see cref="AccountFault.Invitation"/>, <see cref="AccountFault.Password"/> or <see cref="AccountFault.SecondFactor"/>.</exception>
    public async Task<(Account Account, IReadOnlyList<string> RecoveryCodes)> AcceptAsync(
        string invitation, string password, byte[] secondFactor, string code, string source, CancellationToken cancellation = default)
    {
        var hash = OneTimeText.HashOf(invitation);
        var name = await _state.WriteAsync(transaction => Invited(transaction, hash, source)?.Name, cancellation) ?? throw NoInvitation();
        PasswordHash.Require(password, name);
        if (secondFactor.Length < SecondFactor.KeyBytes || SecondFactor.StepOf(secondFactor, code, _time.GetUtcNow()) is not { } step)
            throw Fault.Of(
                AccountFault.SecondFactor, FaultKind.Invalid, "The code is not one of the key that the app was given.", "Check the clock of the app's device, and enter the code that it shows now.").ToException();
        var kept = await HashAsync(() => PasswordHash.Of(password), cancellation);
        IReadOnlyList<string> codes = [.. Enumerable.Range(0, OneTimeText.RecoveryCodes).Select(static _ => OneTimeText.NewRecoveryCode())];
        // A refusal is journalled too. So it leaves the transaction as a value.
        return await _state.WriteAsync<(Account, IReadOnlyList<string>)?>(
            transaction =>
            {
                // Asked again, as another may have been quicker.
                if (Invited(transaction, hash, source) is not { } before)
                    return null;
                AccountTable.Accept(transaction, name, kept, _sealing.Seal(secondFactor, Purpose(name)), step, codes.Select(OneTimeText.HashOfRecoveryCode));
                var after = AccountTable.Find(transaction, name)!.Account;
                Journal(transaction, $"user:{name}@{source}", "user.accept", name, before, after);
                return (after, codes);
            },
            cancellation) ?? throw NoInvitation();
    }

    /// <summary>Judges an attempt to sign in.</summary>
    /// <param name="name">The account's name.</param>
    /// <param name="password">The password.</param>
    /// <param name="code">A one-time password, or a recovery code, which is then used up.</param>
    /// <param name="source">From where, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="AccountFault.Credentials"/>, <see cref="AccountFault.Replayed"/>, <see cref="AccountFault.Locked"/> or
    /// <see cref="AccountFault.Busy"/>.</exception>
    public async Task<Account> SignInAsync(string name, string password, string code, string source, CancellationToken cancellation = default)
    {
        var known = _state.Read(connection => AccountTable.Find(connection, name));
        var isRight = password.Length <= PasswordHash.MaxLength
            && await HashAsync(() => PasswordHash.Matches(known?.Password ?? PasswordHash.OfNobody, password), cancellation) && known?.Password is not null;
        var renewed = isRight && PasswordHash.IsOutdated(known!.Password!) ? await HashAsync(() => PasswordHash.Of(password), cancellation) : null;
        return await SettleAsync(name, code, source, "user.sign-in", known?.Password, isRight, renewed, cancellation);
    }

    /// <summary>Proves once more, with a fresh one-time password, that somebody who is signed in is who it says.</summary>
    /// <exception cref="FaultException">As <see cref="SignInAsync"/>.</exception>
    public async Task<Account> ProveAsync(string name, string code, string source, CancellationToken cancellation = default)
        => OneTimeText.IsRecoveryCode(code)
            ? throw Fault.Of(AccountFault.Credentials, FaultKind.Forbidden, "A recovery code is for signing in only.", "Enter the code that the app shows now.").ToException()
            : await SettleAsync(name, code, source, ProveAction, null, isRight: true, null, cancellation);

    /// <summary>Changes an account, all of it or nothing.</summary>
    /// <param name="name">The account's name.</param>
    /// <param name="change">What.</param>
    /// <param name="actor">Who, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="AccountFault.NotFound"/>.</exception>
    public Task<Account> ChangeAsync(string name, AccountChange change, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                var before = AccountTable.Find(transaction, name)?.Account ?? throw NotFound(name);
                if (change.Roles is { } roles)
                    AccountTable.SetRoles(transaction, name, roles);
                if (change.Disabled is { } disabled)
                    AccountTable.SetDisabled(transaction, name, disabled);
                if (change.Unlock)
                    AccountTable.Unlock(transaction, name);
                var after = AccountTable.Find(transaction, name)!.Account;
                Journal(transaction, actor, change.Action, name, before, after);
                return after;
            },
            cancellation);

    /// <summary>Removes an account; the journal keeps its name.</summary>
    public Task RemoveAsync(string name, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                var before = AccountTable.Find(transaction, name)?.Account ?? throw NotFound(name);
                AccountTable.Delete(transaction, name);
                Journal(transaction, actor, "user.remove", name, before, null);
            },
            cancellation);

    /// <inheritdoc/>
    public void Dispose() => _hashing.Dispose();

    private async Task<Account> SettleAsync(
        string name, string code, string source, string action, string? password, bool isRight, string? renewed, CancellationToken cancellation)
    {
        // A refusal is a change too: it counts, and is journalled. So it leaves the transaction as a value.
        var (account, refusal) = await _state.WriteAsync(
            transaction =>
            {
                var now = _time.GetUtcNow();
                var found = AccountTable.Find(transaction, name);
                var actor = $"user:{(found is null ? "?" : name)}@{source}";
                if (found is not { Password: not null, SealedSecondFactor: not null, Account.IsDisabled: false } || (password is not null && found.Password != password))
                {
                    Journal(transaction, actor, action, found is null ? "" : name, JournalResult.Refused, AccountFault.Inactive);
                    return ((Account?)null, Wrong());
                }

                var key = _sealing.Open(found.SealedSecondFactor, Purpose(name));
                var recovery = OneTimeText.IsRecoveryCode(code) ? OneTimeText.HashOfRecoveryCode(code) : null;
                var attempt = new SignInAttempt(isRight, SecondFactor.StepOf(key, code, now), recovery is not null && found.Recovery.Contains(recovery));
                CryptographicOperations.ZeroMemory(key);
                var (outcome, next) = SignInRules.Judge(found.Account.History, attempt, now);
                var isDone = outcome == SignInOutcome.Done;
                AccountTable.SetHistory(transaction, name, next, isDone && attempt.Recovery ? found.Recovery.Where(left => left != recovery) : found.Recovery);
                if (isDone && renewed is not null)
                    AccountTable.SetPassword(transaction, name, renewed);
                var fault = outcome switch
                {
                    SignInOutcome.Done => null,
                    SignInOutcome.Replayed => Fault.Of(AccountFault.Replayed, FaultKind.Forbidden, "This code was used already.", "Wait for the next one."),
                    SignInOutcome.Locked => Fault.Of(
                        AccountFault.Locked, FaultKind.Forbidden, "Too many attempts in a row were wrong, so that none is looked at for a while.",
                        $"Wait {SignInRules.LockTime.TotalMinutes:0} minutes, or ask an admin for 'entrepot user unlock'."),
                    // Who is signed in is known by name and password already.
                    _ => action != ProveAction ? Wrong() : Fault.Of(
                        AccountFault.Credentials, FaultKind.Forbidden, "The code is not one that the app shows now.", "Check the clock of the app's device, and enter the next code."),
                };
                var after = AccountTable.Find(transaction, name)!.Account;
                // A recovery code that is used up, or a lock, is a change too.
                var (was, isNow) = (Text(found.Account), Text(after));
                JournalTable.Append(
                    transaction,
                    new JournalEntry(now, actor, action, name, isDone ? "{}" : Reason(Enum.Parse<AccountFault>(outcome == SignInOutcome.Wrong ? nameof(AccountFault.Credentials) : outcome.ToString())))
                    {
                        Result = isDone ? JournalResult.Done : JournalResult.Refused, Before = was == isNow ? null : was, After = was == isNow ? null : isNow,
                    });
                return (after, fault);
            },
            cancellation);
        return refusal is null ? account! : throw refusal.ToException();
    }

    /// <summary>The account that an invitation is for; null, and journalled, when it is for none.</summary>
    private Account? Invited(StateTransaction transaction, string hash, string source)
    {
        var account = AccountTable.FindInvited(transaction, hash, _time.GetUtcNow())?.Account;
        if (account is null)
            Journal(transaction, $"anonymous@{source}", "user.accept", "", JournalResult.Refused, AccountFault.Invitation);
        return account;
    }

    private async Task<T> HashAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        if (!await _hashing.WaitAsync(Patience, cancellation))
            throw Fault.Of(AccountFault.Busy, FaultKind.Unavailable, "Too many people are signing in at this moment.", "Try again in a few seconds.").ToException();
        try
        {
            return await Task.Run(work, cancellation);
        }
        finally
        {
            _hashing.Release();
        }
    }

    private void Journal(StateTransaction transaction, string actor, string action, string name, Account? before, Account? after)
        => JournalTable.Append(transaction, new JournalEntry(_time.GetUtcNow(), actor, action, name) { Before = Text(before), After = Text(after) });

    private void Journal(StateTransaction transaction, string actor, string action, string name, JournalResult result, AccountFault? why)
        => JournalTable.Append(
            transaction,
            new JournalEntry(_time.GetUtcNow(), actor, action, name, why is { } reason ? Reason(reason) : "{}")
            {
                Result = result,
            });

    private static string Reason(AccountFault reason) => JsonSerializer.Serialize(new Dictionary<string, string> { ["reason"] = Fault.CodeOf(reason) });

    private static string? Text(Account? account) => account is null
        ? null
        : JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["roles"] = Roles.WordsOf(account.Roles), ["active"] = account.IsActive, ["disabled"] = account.IsDisabled, ["invited"] = account.InvitedUntil is not null, ["locked"] = account.History.LockedUntil is not null,
            ["recoveryCodes"] = account.RecoveryCodes,
        });

    private static string Purpose(string name) => $"second-factor:{name}";

    private static Fault Wrong() => Fault.Of(
        AccountFault.Credentials, FaultKind.Forbidden, "Name, password and code do not belong together.", "Check all three; a recovery code can stand for the code once.");

    private static FaultException NoInvitation() => Fault.Of(
        AccountFault.Invitation, FaultKind.Forbidden, "This invitation is not known, was used, or its time is over.", "Ask an admin for another: 'entrepot user invite NAME'.").ToException();

    private static FaultException NotFound(string name)
        => Fault.Of(AccountFault.NotFound, FaultKind.NotFound, $"There is no account '{name}'.", "See 'entrepot user list'.").ToException();
}
