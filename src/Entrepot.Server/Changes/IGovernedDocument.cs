using Entrepot.Core.Changes;
using Entrepot.Core.Faults;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Changes;

/// <summary>A document that changes are made to.</summary>
internal interface IGovernedDocument
{
    /// <summary>Which.</summary>
    ChangedDocument Kind { get; }

    /// <summary>The document in force, byte by byte.</summary>
    /// <exception cref="FaultException"><see cref="ChangeFault.NoDocument"/>.</exception>
    byte[] Current();

    /// <summary>Exactly what would be applied for a proposed text.</summary>
    /// <param name="proposed">The text as it was sent.</param>
    /// <param name="file">How errors name it.</param>
    /// <exception cref="FaultException">It holds errors: every one with its line.</exception>
    byte[] Normalise(byte[] proposed, string file);

    /// <summary>What becomes of the network when one document follows another. Both are good.</summary>
    IReadOnlyList<ChangeEffect> Effect(byte[] before, byte[] after);

    /// <summary>Applies a change. When it returns, the document is what the change says.</summary>
    /// <exception cref="FaultException">It is refused, or could not be carried out; then it is tried again until it is.</exception>
    Task<Change> ApplyAsync(long id, ChangeApplyOrder order, CancellationToken cancellation);

    /// <summary>Carries out what was decided before a crash or failure.</summary>
    Task RecoverAsync(Change applying, CancellationToken cancellation);
}
