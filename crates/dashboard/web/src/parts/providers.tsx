// Providers that people sign in with: the ways there, and why coming back did not work.
import { Refused } from '../api/call.ts';
import type { ProviderOut } from '../api/generated.ts';
import { useWords } from '../words/words.tsx';
import { buttonClass } from './button.tsx';
import { Notice, ProblemNotice } from './show.tsx';

export function ProviderLinks({ of }: { of: ProviderOut[] }) {
  const words = useWords();
  return (
    <ul className="grid grid-cols-1 gap-2">
      {of.map((provider) => (
        <li key={provider.id}>
          <a
            href={`/v1/sign-in/oidc/${encodeURIComponent(provider.id)}`}
            className={buttonClass('secondary', 'md', 'w-full')}
          >
            {words.signIn.with(provider.name)}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The address of the page carries the code of what went wrong. */
export function ProviderProblem({ code }: { code: string }) {
  const words = useWords();
  const known = words.providerProblems[code as keyof typeof words.providerProblems];
  if (!known) return <ProblemNotice error={new Refused(0, { error: { code, message: '' } })} />;
  return (
    <div role="alert">
      <Notice tone="bad" title={words.providerFailed}>
        {known}
      </Notice>
    </div>
  );
}
