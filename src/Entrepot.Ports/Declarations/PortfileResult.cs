using Entrepot.Core.Documents;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Declarations;

/// <summary>Why a portfile was refused.</summary>
public enum PortfileFault
{
    /// <summary>The file can't be read.</summary>
    Unreadable,

    /// <summary>The file holds errors.</summary>
    Invalid,
}

/// <summary>What reading a portfile came to.</summary>
/// <param name="Portfile">The declaration, or null when there are errors.</param>
/// <param name="Errors">Every error, in the file's order; empty when there is a declaration.</param>
/// <param name="Warnings">What is allowed and probably not meant, in the file's order.</param>
public sealed record PortfileResult(Portfile? Portfile, IReadOnlyList<DocumentError> Errors, IReadOnlyList<DocumentError> Warnings)
{
    /// <summary>The declaration, or every error in one fault.</summary>
    /// <exception cref="FaultException"><see cref="PortfileFault.Invalid"/>; its message has one line per error.</exception>
    public Portfile Require()
        => Portfile ?? throw Fault.Of(
            PortfileFault.Invalid, FaultKind.Invalid,
            $"the portfile holds {(Errors.Count == 1 ? "an error" : $"{Errors.Count} errors")}:\n" + string.Join('\n', Errors),
            "Correct the lines named above; docs/reference/portfile.md lists every key.").ToException();
}
