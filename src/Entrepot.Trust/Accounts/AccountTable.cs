using Dapper;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Microsoft.Data.Sqlite;

namespace Entrepot.Trust.Accounts;

/// <summary>An account with what is kept of its secrets.</summary>
/// <param name="Account">What may be shown.</param>
/// <param name="Password">See <see cref="PasswordHash"/>; null until the invitation is accepted.</param>
/// <param name="SealedSecondFactor">The key of the one-time passwords, sealed; null as above.</param>
/// <param name="Recovery">Hashes of the recovery codes that are left.</param>
internal sealed record AccountSecrets(Account Account, string? Password, byte[]? SealedSecondFactor, IReadOnlyList<string> Recovery);

/// <summary>SQL of the table <c>account</c>.</summary>
internal static class AccountTable
{
    private const string Columns =
        "name, roles, created_at, created_by, disabled, password, second_factor, last_step, recovery, failures, locked_until, invited_until";

    public static long Count(StateTransaction transaction) => transaction.Scalar<long>("SELECT COUNT(*) FROM account");

    public static AccountSecrets? Find(StateTransaction transaction, string name)
        => transaction.Query<Row>($"SELECT {Columns} FROM account WHERE name = @name", new { name }).FirstOrDefault()?.ToSecrets();

    public static AccountSecrets? Find(SqliteConnection connection, string name)
        => connection.Query<Row>($"SELECT {Columns} FROM account WHERE name = @name", new { name }).FirstOrDefault()?.ToSecrets();

    /// <summary>The account that an invitation is for, when its time is not over.</summary>
    public static AccountSecrets? FindInvited(StateTransaction transaction, string invitation, DateTimeOffset now)
        => transaction.Query<Row>(
            $"SELECT {Columns} FROM account WHERE invitation = @invitation AND invited_until > @now AND disabled = 0", new { invitation, now = now.ToUnixTimeMilliseconds() })
            .FirstOrDefault()?.ToSecrets();

    public static IReadOnlyList<Account> Read(SqliteConnection connection)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM account ORDER BY name").Select(static row => row.ToSecrets().Account)];

    /// <summary>Makes an account, or gives the one that is there a new invitation.</summary>
    public static void Invite(StateTransaction transaction, string name, Role roles, string invitation, DateTimeOffset until, DateTimeOffset now, string actor)
        => transaction.Execute(
            """
            INSERT INTO account (name, roles, created_at, created_by, invitation, invited_until) VALUES (@name, @roles, @now, @actor, @invitation, @until)
            ON CONFLICT (name) DO UPDATE SET roles = @roles, invitation = @invitation, invited_until = @until
            """,
            new { name, roles = Words(roles), now = now.ToUnixTimeMilliseconds(), actor, invitation, until = until.ToUnixTimeMilliseconds() });

    public static void Accept(StateTransaction transaction, string name, string password, byte[] secondFactor, long step, IEnumerable<string> recovery)
        => transaction.Execute(
            """
            UPDATE account SET password = @password, second_factor = @secondFactor, last_step = @step, recovery = @recovery,
                failures = 0, locked_until = NULL, invitation = NULL, invited_until = NULL WHERE name = @name
            """,
            new { name, password, secondFactor, step, recovery = string.Join(',', recovery) });

    public static void SetHistory(StateTransaction transaction, string name, SignInHistory history, IEnumerable<string> recovery)
        => transaction.Execute(
            "UPDATE account SET failures = @Failures, last_step = @LastStep, locked_until = @Until, recovery = @Recovery WHERE name = @name",
            new { name, history.Failures, history.LastStep, Until = history.LockedUntil?.ToUnixTimeMilliseconds(), Recovery = string.Join(',', recovery) });

    public static void SetPassword(StateTransaction transaction, string name, string password)
        => transaction.Execute("UPDATE account SET password = @password WHERE name = @name", new { name, password });

    public static void SetRoles(StateTransaction transaction, string name, Role roles)
        => transaction.Execute("UPDATE account SET roles = @roles WHERE name = @name", new { name, roles = Words(roles) });

    public static void SetDisabled(StateTransaction transaction, string name, bool disabled)
        => transaction.Execute("UPDATE account SET disabled = @disabled WHERE name = @name", new { name, disabled });

    public static void Unlock(StateTransaction transaction, string name)
        => transaction.Execute("UPDATE account SET failures = 0, locked_until = NULL WHERE name = @name", new { name });

    public static void Delete(StateTransaction transaction, string name) => transaction.Execute("DELETE FROM account WHERE name = @name", new { name });

    private static string Words(Role roles) => string.Join(',', Roles.WordsOf(roles));

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record Row(
        string name, string roles, long created_at, string created_by, long disabled, string? password, byte[]? second_factor, long last_step, string recovery,
        long failures, long? locked_until, long? invited_until)
    {
        public AccountSecrets ToSecrets()
        {
            var role = Role.None;
            foreach (var word in roles.Split(',', StringSplitOptions.RemoveEmptyEntries))
                role |= Roles.TryParse(word, out var one) ? one : Role.None;
            var codes = recovery.Split(',', StringSplitOptions.RemoveEmptyEntries);
            return new AccountSecrets(
                new Account(name, role, DateTimeOffset.FromUnixTimeMilliseconds(created_at), created_by)
                {
                    IsDisabled = disabled != 0, IsActive = password is not null, InvitedUntil = Time(invited_until), RecoveryCodes = codes.Length,
                    History = new SignInHistory((int)failures, last_step, Time(locked_until)),
                },
                password, second_factor, codes);
        }

        private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
    }
#pragma warning restore IDE1006, SA1300
}
