using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Tokens;

/// <summary>Judges tokens of a network. Takes no lock; safe for use by several threads.</summary>
public interface ITokenJudge
{
    /// <summary>The network whose tokens these are; empty while it is not known.</summary>
    string Network { get; }

    /// <summary>Judges a token.</summary>
    /// <param name="token">The text as it was sent.</param>
    /// <param name="grant">What it says, when it is good.</param>
    /// <param name="fault">Why it is not: a <see cref="TokenFault"/>, never with a part of the token.</param>
    bool TryVerify(string token, [NotNullWhen(true)] out TokenGrant? grant, [NotNullWhen(false)] out Fault? fault);
}
