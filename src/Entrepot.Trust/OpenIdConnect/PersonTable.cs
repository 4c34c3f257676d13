using Dapper;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Microsoft.Data.Sqlite;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>SQL of the table <c>oidc_person</c>.</summary>
internal static class PersonTable
{
    private const string Columns = "name, roles, first_at, last_at, disabled";

    public static long Count(StateTransaction transaction) => transaction.Scalar<long>("SELECT COUNT(*) FROM oidc_person");

    public static Person? Find(StateTransaction transaction, string issuer, string subject)
        => transaction.Query<Row>($"SELECT {Columns} FROM oidc_person WHERE issuer = @issuer AND subject = @subject", new { issuer, subject }).FirstOrDefault()?.ToPerson();

    public static Person? Find(StateTransaction transaction, string name)
        => transaction.Query<Row>($"SELECT {Columns} FROM oidc_person WHERE name = @name", new { name }).FirstOrDefault()?.ToPerson();

    public static Person? Find(SqliteConnection connection, string name)
        => connection.Query<Row>($"SELECT {Columns} FROM oidc_person WHERE name = @name", new { name }).FirstOrDefault()?.ToPerson();

    public static IReadOnlyList<Person> Read(SqliteConnection connection)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM oidc_person ORDER BY name").Select(static row => row.ToPerson())];

    public static void Put(StateTransaction transaction, ProvenIdentity identity, DateTimeOffset now)
        => transaction.Execute(
            """
            INSERT INTO oidc_person (issuer, subject, name, roles, first_at, last_at) VALUES (@Issuer, @Subject, @Name, @roles, @now, @now)
            ON CONFLICT (issuer, subject) DO UPDATE SET name = @Name, roles = @roles, last_at = @now
            """,
            new { identity.Issuer, identity.Subject, identity.Name, roles = Words(identity.Roles), now = now.ToUnixTimeMilliseconds() });

    public static void SetRoles(StateTransaction transaction, string name, Role roles)
        => transaction.Execute("UPDATE oidc_person SET roles = @roles WHERE name = @name", new { name, roles = Words(roles) });

    public static void SetDisabled(StateTransaction transaction, string name, bool disabled)
        => transaction.Execute("UPDATE oidc_person SET disabled = @disabled WHERE name = @name", new { name, disabled });

    public static void Delete(StateTransaction transaction, string name) => transaction.Execute("DELETE FROM oidc_person WHERE name = @name", new { name });

    private static string Words(Role roles) => string.Join(',', Roles.WordsOf(roles));

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record Row(string name, string roles, long first_at, long last_at, long disabled)
    {
        public Person ToPerson()
        {
            var role = Role.None;
            foreach (var word in roles.Split(',', StringSplitOptions.RemoveEmptyEntries))
                role |= Roles.TryParse(word, out var one) ? one : Role.None;
            return new Person(name, role, DateTimeOffset.FromUnixTimeMilliseconds(first_at), DateTimeOffset.FromUnixTimeMilliseconds(last_at), disabled != 0);
        }
    }
#pragma warning restore IDE1006, SA1300
}
