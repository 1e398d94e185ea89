import { useQuery } from '@tanstack/react-query';
import { companiesQuery, keysQuery, membersQuery } from '../api/queries.ts';
import { useWords } from '../words/words.tsx';
import { useHere } from './account.ts';

/** Names for ids, from lists that are read anyway. */
export function useNames() {
  const { id, may } = useHere();
  const keys = useQuery({ ...keysQuery(id), enabled: may('keys_list') }).data?.data;
  const companies = useQuery({ ...companiesQuery(id), enabled: may('companies_list') }).data?.data;
  const members = useQuery({ ...membersQuery(id), enabled: may('members_list') }).data?.data;
  const words = useWords();
  return {
    keys,
    companies,
    members,
    key: (key: string) => {
      const found = keys?.find((one) => one.id === key);
      if (!found) return undefined;
      return found.description || (found.kind === 'primary' ? words.keys.primaryName : words.keys.unnamed);
    },
    company: (company: string) => companies?.find((one) => one.id === company)?.name,
    member: (member: string) => members?.find((one) => one.id === member)?.name,
  };
}
