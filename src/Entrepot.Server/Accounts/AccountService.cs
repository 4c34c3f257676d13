using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;

namespace Entrepot.Server.Accounts;

/// <summary>Accounts and sessions of the origin.</summary>
internal sealed class AccountService : IDisposable
{
    private readonly TimeProvider _time;

    /// <summary>Opens them.</summary>
    /// <param name="state">Where accounts are kept.</param>
    /// <param name="sealing">Seals the keys of second factors.</param>
    /// <param name="failures">Counts wrong attempts by source.</param>
    /// <param name="time">The clock.</param>
    public AccountService(StateDatabase state, SealingKey sealing, FailureBook failures, TimeProvider time)
    {
        (Failures, _time) = (failures, time);
        Accounts = new AccountBook(state, sealing, time);
        Sessions = new SessionBook(Accounts.RolesOf, time);
    }

    public AccountBook Accounts { get; }

    public SessionBook Sessions { get; }

    public FailureBook Failures { get; }

    /// <summary>An account as the API shows it.</summary>
    public UserDocument Show(Account account) => new(
        account.Name, Roles.WordsOf(account.Roles),
        account.IsDisabled ? "disabled" : !account.IsActive ? "invited" : account.History.LockedUntil > _time.GetUtcNow() ? "locked" : "active",
        account.CreatedAt, account.CreatedBy, account.InvitedUntil, account.History.LockedUntil, account.RecoveryCodes);

    /// <inheritdoc/>
    public void Dispose() => Accounts.Dispose();
}
