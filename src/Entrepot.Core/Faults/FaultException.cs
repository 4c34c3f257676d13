namespace Entrepot.Core.Faults;

/// <summary>Carries a <see cref="Faults.Fault"/> across calls that cannot return one. Caught in one place per wire.</summary>
public sealed class FaultException : Exception
{
    /// <summary>Makes the exception; its message is the fault's message.</summary>
    public FaultException(Fault fault, Exception? inner = null)
        : base(fault.Message, inner) => Fault = fault;

    /// <summary>The reason, as data.</summary>
    public Fault Fault { get; }
}
