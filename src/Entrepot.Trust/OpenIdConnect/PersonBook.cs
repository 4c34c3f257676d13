using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Remembers who signed in through the provider: what roles it has since, and whether an admin keeps it out. Each sign-in, each refusal and each
/// change is journalled in its own transaction. Safe for use by several threads.</summary>
/// <param name="state">Where that is kept.</param>
/// <param name="time">The clock.</param>
public sealed class PersonBook(StateDatabase state, TimeProvider time)
{
    /// <summary>Most people.</summary>
    public const int MaxPeople = 10_000;

    /// <summary>Told the principal that somebody no longer is, after the provider named it otherwise.</summary>
    public Action<string>? Renamed { get; set; }

    /// <summary>Everybody who ever signed in, by name.</summary>
    public IReadOnlyList<Person> List() => state.Read(PersonTable.Read);

    /// <summary>What somebody is to the network since its last sign-in; null when nobody is named so, it is kept out, or nothing was mapped.</summary>
    public Role? RolesOf(string name)
        => state.Read(connection => PersonTable.Find(connection, name)) is { IsDisabled: false, Roles: not Role.None } person ? person.Roles : null;

    /// <summary>Decides whether somebody comes in.</summary>
    /// <param name="identity">As the provider proved it.</param>
    /// <param name="source">From where, for the journal.</param>
    /// <param name="target">Where the session goes, when that is elsewhere: the address of a command.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="OidcFault.KeptOut"/>, <see cref="OidcFault.NameTaken"/>, <see cref="OidcFault.NoRole"/>, or
    /// <see cref="AccountFault.TooMany"/>.</exception>
    public async Task<Person> AdmitAsync(ProvenIdentity identity, string source, string? target = null, CancellationToken cancellation = default)
    {
        // A refusal is journalled too. So it leaves the transaction as a value.
        var (admitted, former, refusal) = await state.WriteAsync(
            transaction =>
            {
                var now = time.GetUtcNow();
                var before = PersonTable.Find(transaction, identity.Issuer, identity.Subject);
                var fault = Refuse(identity, before, PersonTable.Find(transaction, identity.Name), () => PersonTable.Count(transaction));
                if (fault is null)
                    PersonTable.Put(transaction, identity, now);
                else if (before is not null && fault.Is(OidcFault.NoRole))
                    PersonTable.SetRoles(transaction, before.Name, Role.None);
                var after = PersonTable.Find(transaction, identity.Issuer, identity.Subject);
                var details = new Dictionary<string, string> { ["provider"] = identity.Issuer, ["person"] = $"{Person.Prefix}sub:{identity.Subject}" };
                if (fault is not null)
                    details["reason"] = fault.Code;
                if (target is not null)
                    details["for"] = target;
                JournalTable.Append(
                    transaction,
                    new JournalEntry(now, $"{Person.Prefix}{identity.Name}@{source}", "user.sign-in", Person.Prefix + identity.Name, JsonSerializer.Serialize(details))
                    {
                        Before = Text(before), After = Text(after), Result = fault is null ? JournalResult.Done : JournalResult.Refused,
                    });
                return (after, before, fault);
            },
            cancellation);
        // The name may be somebody else's next.
        if (former is not null && admitted is not null && former.Name != admitted.Name)
            Renamed?.Invoke(former.Principal);
        return refusal is null ? admitted! : throw refusal.ToException();
    }

    /// <summary>Journals a sign-in that proved nobody.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="source">From where.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task RefuseAsync(Fault reason, string source, CancellationToken cancellation = default)
        => state.WriteAsync(
            transaction => JournalTable.Append(
                transaction,
                new JournalEntry(time.GetUtcNow(), $"anonymous@{source}", "user.sign-in", "oidc", JsonSerializer.Serialize(new Dictionary<string, string> { ["reason"] = reason.Code }))
                {
                    Result = JournalResult.Refused,
                }),
            cancellation);

    /// <summary>Keeps somebody out, or lets it in again.</summary>
    /// <exception cref="FaultException"><see cref="AccountFault.NotFound"/>.</exception>
    public Task<Person> SetDisabledAsync(string name, bool disabled, string actor, CancellationToken cancellation = default)
        => state.WriteAsync(
            transaction =>
            {
                var before = PersonTable.Find(transaction, name) ?? throw NotFound(name);
                PersonTable.SetDisabled(transaction, name, disabled);
                var after = PersonTable.Find(transaction, name)!;
                Journal(transaction, actor, disabled ? "user.disable" : "user.enable", name, before, after);
                return after;
            },
            cancellation);

    /// <summary>Forgets somebody, who may come again if the provider and the mapping say so; the journal keeps the name.</summary>
    /// <exception cref="FaultException"><see cref="AccountFault.NotFound"/>.</exception>
    public Task RemoveAsync(string name, string actor, CancellationToken cancellation = default)
        => state.WriteAsync(
            transaction =>
            {
                var before = PersonTable.Find(transaction, name) ?? throw NotFound(name);
                PersonTable.Delete(transaction, name);
                Journal(transaction, actor, "user.remove", name, before, null);
            },
            cancellation);

    private static Fault? Refuse(ProvenIdentity identity, Person? before, Person? namesake, Func<long> count)
    {
        if (before is { IsDisabled: true })
            return Fault.Of(OidcFault.KeptOut, FaultKind.Forbidden, $"'{identity.Name}' is kept out of this network.", $"An admin can end that: entrepot user enable {before.Principal}.");
        // A name that the provider gave to somebody else must not make two people one in the journal.
        if (namesake is not null && namesake != before)
            return Fault.Of(
                OidcFault.NameTaken, FaultKind.Forbidden, $"Somebody else is named '{identity.Name}' here.",
                $"An admin who knows that the other one is gone frees the name: entrepot user remove {namesake.Principal}.");
        if (identity.Roles == Role.None)
            return Fault.Of(
                OidcFault.NoRole, FaultKind.Forbidden, $"The provider knows '{identity.Name}', but nothing that it says of it gives a role here.",
                "Ask for a group that openIdConnect.roles maps to a role, or for another mapping.");
        return before is null && count() >= MaxPeople ? Fault.Of(AccountFault.TooMany, FaultKind.Exhausted, $"There are {MaxPeople} people.", "An admin can remove some: entrepot user list.") : null;
    }

    private void Journal(StateTransaction transaction, string actor, string action, string name, Person? before, Person? after)
        => JournalTable.Append(transaction, new JournalEntry(time.GetUtcNow(), actor, action, Person.Prefix + name) { Before = Text(before), After = Text(after) });

    private static string? Text(Person? person) => person is null
        ? null
        : JsonSerializer.Serialize(new Dictionary<string, object> { ["name"] = person.Principal, ["roles"] = Roles.WordsOf(person.Roles), ["disabled"] = person.IsDisabled });

    private static FaultException NotFound(string name)
        => Fault.Of(AccountFault.NotFound, FaultKind.NotFound, $"Nobody who signed in through the provider is named '{name}'.", "See 'entrepot user list'.").ToException();
}
