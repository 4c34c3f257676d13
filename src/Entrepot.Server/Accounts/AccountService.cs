using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Accounts;

/// <summary>Accounts and sessions of the origin.</summary>
internal sealed class AccountService : IDisposable
{
    private readonly TimeProvider _time;

    /// <summary>Opens them.</summary>
    /// <param name="state">Where accounts are kept.</param>
    /// <param name="sealing">Seals the keys of second factors.</param>
    /// <param name="failures">Counts wrong attempts by source.</param>
    /// <param name="provider">Through whom people sign in beside it, or null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it is logged what the provider does wrong.</param>
    public AccountService(StateDatabase state, SealingKey sealing, FailureBook failures, ProviderOptions? provider, TimeProvider time, ILogger logger)
    {
        (Failures, _time) = (failures, time);
        Accounts = new AccountBook(state, sealing, time);
        People = new PersonBook(state, time);
        Provider = provider is null ? null : new ProviderSignIn(provider, new ProviderClient(provider, null, time, logger), People, time);
        Sessions = new SessionBook(name => Person.NameIn(name) is { } person ? People.RolesOf(person) : Accounts.RolesOf(name), time);
        People.Renamed = Sessions.EndAll;
    }

    public AccountBook Accounts { get; }

    /// <summary>People who signed in through the provider.</summary>
    public PersonBook People { get; }

    /// <summary>Base URL by which browsers reach the metadata surface; null for its own.</summary>
    public Uri? Address { get; init; }

    /// <summary>Signs people in through the provider; null where none is configured.</summary>
    public ProviderSignIn? Provider { get; }

    public SessionBook Sessions { get; }

    public FailureBook Failures { get; }

    /// <summary>An account as the API shows it.</summary>
    public UserDocument Show(Account account) => new(
        account.Name, Roles.WordsOf(account.Roles),
        account.IsDisabled ? "disabled" : !account.IsActive ? "invited" : account.History.LockedUntil > _time.GetUtcNow() ? "locked" : "active",
        account.CreatedAt, account.CreatedBy, account.InvitedUntil, account.History.LockedUntil, account.RecoveryCodes);

    /// <summary>Somebody who signed in through the provider, as the API shows it.</summary>
    public static UserDocument Show(Person person) => new(
        person.Principal, Roles.WordsOf(person.Roles), person.IsDisabled ? "disabled" : person.Roles == Role.None ? "no role" : "active", person.FirstAt, "oidc", null, null, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Accounts.Dispose();
        Provider?.Dispose();
    }
}
