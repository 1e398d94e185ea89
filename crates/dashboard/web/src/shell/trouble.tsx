import { Link, useRouter } from '@tanstack/react-router';
import { buttonClass } from '../parts/button.tsx';
import { ProblemNotice } from '../parts/show.tsx';
import { useWords } from '../words/words.tsx';

/** A page that failed on its way. */
export function Trouble({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main className="mx-auto max-w-lg p-6 pt-16">
      <ProblemNotice error={error} onRetry={() => void router.invalidate()} />
    </main>
  );
}

/** No such page. */
export function Lost() {
  const words = useWords();
  return (
    <main className="mx-auto max-w-lg p-6 pt-24 text-center">
      <h1 className="text-xl font-semibold">{words.lost.title}</h1>
      <p className="mt-1 text-ink-2">{words.lost.detail}</p>
      <Link to="/" className={buttonClass('secondary', 'md', 'mt-4')}>
        {words.lost.back}
      </Link>
    </main>
  );
}
